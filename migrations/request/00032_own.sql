-- Purpose: who holds the token of a request takes along what staff attached to it.
-- Lock risk: none, policies alone.

-- +goose Up
CREATE POLICY holder ON attachments FOR SELECT USING (
    request_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));

-- Digests of keysets, of which nothing can be made: every session of a service
-- looks whether its keys are the newest.
CREATE POLICY everybody ON key_check FOR SELECT USING (true);

-- +goose Down
DROP POLICY everybody ON key_check;
DROP POLICY holder ON attachments;
