-- Purpose: who holds the token of a request or an offer takes along when their
-- contact and their words were read.
-- Lock risk: none, policies alone.

-- +goose Up
CREATE POLICY holder ON audit FOR SELECT USING (
    action LIKE '%.read' AND subject_id = (SELECT nullif(current_setting('heli.subject', true), '')));

-- Digests of keysets, of which nothing can be made: every session of a service
-- looks whether its keys are the newest.
CREATE POLICY everybody ON key_check FOR SELECT USING (true);

-- +goose Down
DROP POLICY everybody ON key_check;
DROP POLICY holder ON audit;
