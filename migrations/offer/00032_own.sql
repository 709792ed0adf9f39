-- Purpose: who holds the token of an offer takes along the sessions of its matches.
-- Lock risk: none, policies alone.

-- +goose Up
CREATE POLICY holder ON sessions FOR SELECT USING (match_id IN (
    SELECT m.match_id FROM line_matches m JOIN offer_lines l ON l.id = m.offer_line_id
    WHERE l.offer_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)));

-- Digests of keysets, of which nothing can be made: every session of a service
-- looks whether its keys are the newest.
CREATE POLICY everybody ON key_check FOR SELECT USING (true);

-- +goose Down
DROP POLICY everybody ON key_check;
DROP POLICY holder ON sessions;
