-- Purpose: every session looks whether its keys are the newest.
-- Lock risk: none, policies alone.

-- +goose Up
-- Digests of keysets, of which nothing can be made.
CREATE POLICY everybody ON key_check FOR SELECT USING (true);

-- +goose Down
DROP POLICY everybody ON key_check;
