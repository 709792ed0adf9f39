-- Purpose: messages to staff, beside those to the persons of requests and offers, with a summary of several in one mail; the log of deliveries shows what was sent.
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

-- An event about an endpoint itself is in nobody's feed, and seen with its delivery.
CREATE POLICY sent ON events FOR SELECT USING (sight = '{}' AND EXISTS (SELECT FROM deliveries d WHERE d.event_id = events.event_id));

-- +goose Down
DROP POLICY sent ON events;
DROP INDEX messages_digest;
DELETE FROM messages WHERE thing IN ('person', 'organisation');
ALTER TABLE messages
    DROP CONSTRAINT messages_digest, DROP CONSTRAINT messages_state_check, DROP CONSTRAINT messages_thing_check,
    DROP COLUMN digest_id;
ALTER TABLE messages
    ADD CONSTRAINT messages_state_check CHECK (state IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT messages_thing_check CHECK (thing IN ('request', 'offer'));
