-- Purpose: organisations that have ended, categories that administrators edit and
-- retire, and the audit chain read by time.
-- Lock risk: the columns are null, so no row is written; no audit row is added
-- while the index is built, a second for each million rows.

-- +goose Up
ALTER TABLE organisation ADD COLUMN ended_at timestamptz; -- nobody acts in it any more

ALTER TABLE category
    ADD COLUMN edited_at  timestamptz, -- by people: what is embedded does not overwrite it
    ADD COLUMN retired_at timestamptz; -- offered to nobody any more
CREATE POLICY root_adds ON category FOR INSERT WITH CHECK ((SELECT current_setting('heli.path', true)) = 'root/');
CREATE POLICY root_edits ON category FOR UPDATE USING ((SELECT current_setting('heli.path', true)) = 'root/');

CREATE INDEX audit_newest ON audit (at DESC, organisation_id DESC, seq DESC);

-- +goose Down
DROP INDEX audit_newest;
DROP POLICY root_edits ON category;
DROP POLICY root_adds ON category;
ALTER TABLE category DROP COLUMN edited_at, DROP COLUMN retired_at;
ALTER TABLE organisation DROP COLUMN ended_at;
