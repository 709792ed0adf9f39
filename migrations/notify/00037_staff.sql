-- Purpose: messages to staff, beside those to the persons of requests and offers, with a summary of several in one mail.
-- Lock risk: messages is locked while the checks read its rows, which are those of 30 days.

-- +goose Up
-- A message to an organisation becomes one to each of its staff who wants it.
ALTER TABLE messages
    ADD COLUMN digest_id uuid, -- the message in which this one was told of
    DROP CONSTRAINT messages_thing_check,
    DROP CONSTRAINT messages_state_check;
ALTER TABLE messages
    ADD CONSTRAINT messages_thing_check CHECK (thing IN ('request', 'offer', 'person', 'organisation')),
    ADD CONSTRAINT messages_state_check CHECK (state IN ('pending', 'digested', 'delivered', 'dead')),
    ADD CONSTRAINT messages_digest CHECK ((state = 'digested') <= (digest_id IS NOT NULL));
CREATE INDEX messages_digest ON messages (digest_id) WHERE digest_id IS NOT NULL;

-- +goose Down
DROP INDEX messages_digest;
DELETE FROM messages WHERE thing IN ('person', 'organisation');
ALTER TABLE messages
    DROP CONSTRAINT messages_digest, DROP CONSTRAINT messages_state_check, DROP CONSTRAINT messages_thing_check,
    DROP COLUMN digest_id;
ALTER TABLE messages
    ADD CONSTRAINT messages_state_check CHECK (state IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT messages_thing_check CHECK (thing IN ('request', 'offer'));
