-- Purpose: tables of service sessions come in by the same way as those of needs,
-- offers and organisations.
-- Lock risk: none to speak of; the table holds a month of uploads.

-- +goose Up
ALTER TABLE upload DROP CONSTRAINT upload_kind_check,
    ADD CONSTRAINT upload_kind_check CHECK (kind IN ('needs', 'offers', 'organisations', 'sessions'));

-- +goose Down
DELETE FROM upload WHERE kind = 'sessions';
ALTER TABLE upload DROP CONSTRAINT upload_kind_check,
    ADD CONSTRAINT upload_kind_check CHECK (kind IN ('needs', 'offers', 'organisations'));
