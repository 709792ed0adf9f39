-- Purpose: how many days a helper wants to rest after help that was given.
-- Lock risk: helpers is locked for a moment; no row is written.

-- +goose Up
ALTER TABLE helpers ADD COLUMN rest_days smallint NOT NULL DEFAULT 0 CHECK (rest_days BETWEEN 0 AND 60);

-- +goose Down
ALTER TABLE helpers DROP COLUMN rest_days;
