-- Purpose: a message that tells how something stands goes only as the newest of its kind, to whom it is news, and in time.
-- Lock risk: messages is locked for a moment; no column has a default that is computed, so no row is written.

-- +goose Up
ALTER TABLE messages
    ADD COLUMN revision bigint, -- of what it tells of, growing; null: it tells of something that happened
    ADD COLUMN stood    text NOT NULL DEFAULT '', -- digest of that before the change, and after it
    ADD COLUMN stands   text NOT NULL DEFAULT '',
    ADD COLUMN heard_by timestamptz; -- somebody acts in vain who has not heard it then

-- +goose Down
ALTER TABLE messages DROP COLUMN heard_by, DROP COLUMN stands, DROP COLUMN stood, DROP COLUMN revision;
