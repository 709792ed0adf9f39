-- Purpose: persons of requests and offers may have one summary a day, as staff have; what may wait for it says so.
-- Lock risk: messages is locked for a moment; the update writes what waits for staff now, a few rows.

-- +goose Up
ALTER TABLE messages
    ADD COLUMN waits  boolean NOT NULL DEFAULT false, -- may be told together with others
    ADD COLUMN due_at timestamptz; -- when it first falls due, from which a summary counts; null: created_at
UPDATE messages SET waits = true WHERE state = 'pending' AND thing = 'person' AND NOT critical;

-- +goose Down
ALTER TABLE messages DROP COLUMN due_at, DROP COLUMN waits;
