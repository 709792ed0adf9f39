-- Purpose: a message that tells how something stands goes only as the newest of its kind, to whom it is news, and in time;
-- and the summaries of one address become one letter.
-- Lock risk: messages is locked for writing while an index of what is pending is built; no row is written.

-- +goose Up
ALTER TABLE messages
    ADD COLUMN revision bigint, -- of what it tells of, growing; null: it tells of something that happened
    ADD COLUMN stood    text NOT NULL DEFAULT '', -- digest of that before the change, and after it
    ADD COLUMN stands   text NOT NULL DEFAULT '',
    ADD COLUMN heard_by timestamptz; -- somebody acts in vain who has not heard it then
CREATE INDEX messages_meet ON messages (person) WHERE state = 'pending' AND person <> '';

-- +goose Down
DROP INDEX messages_meet;
ALTER TABLE messages DROP COLUMN heard_by, DROP COLUMN stands, DROP COLUMN stood, DROP COLUMN revision;
