-- Purpose: tables of organisations come in by the same way as those of needs and
-- offers; what was registered is known by its code, so that it can be taken back.
-- Lock risk: none to speak of; both tables hold a month of uploads.

-- +goose Up
ALTER TABLE upload DROP CONSTRAINT upload_kind_check,
    ADD CONSTRAINT upload_kind_check CHECK (kind IN ('needs', 'offers', 'organisations'));
ALTER TABLE upload_thing ADD COLUMN code text NOT NULL DEFAULT ''; -- of an organisation

-- +goose Down
ALTER TABLE upload_thing DROP COLUMN code;
DELETE FROM upload WHERE kind = 'organisations';
ALTER TABLE upload DROP CONSTRAINT upload_kind_check,
    ADD CONSTRAINT upload_kind_check CHECK (kind IN ('needs', 'offers'));
