-- Purpose: who holds the token of a request takes along what staff attached to it.
-- Lock risk: none, policies alone.

-- +goose Up
CREATE POLICY holder ON attachments FOR SELECT USING (
    request_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));

-- +goose Down
DROP POLICY holder ON attachments;
