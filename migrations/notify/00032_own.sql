-- Purpose: who holds the token of a request or an offer takes along which messages
-- were sent to them.
-- Lock risk: none, policies alone.

-- +goose Up
CREATE POLICY holder ON messages FOR SELECT USING (
    subject_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));

-- +goose Down
DROP POLICY holder ON messages;
