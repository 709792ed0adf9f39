-- Purpose: whom complaints of an organisation land with.
-- Lock risk: organisation is locked for a moment; no row is read or written.

-- +goose Up
ALTER TABLE organisation ADD COLUMN safeguard_id uuid REFERENCES person;

-- +goose Down
ALTER TABLE organisation DROP COLUMN safeguard_id;
