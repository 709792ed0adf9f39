-- Purpose: what dashboards count of matches: since when the request waited, and its
-- campaign.
-- Lock risk: the columns have constant defaults, so no row is written; writes wait
-- while the indexes are built, a second each for a million rows.

-- +goose Up
ALTER TABLE matches
    ADD COLUMN asked_at timestamptz,                -- null: of before
    ADD COLUMN campaign text NOT NULL DEFAULT '';
CREATE INDEX matches_created ON matches (created_at);
CREATE INDEX matches_asked ON matches (asked_at);

-- +goose Down
DROP INDEX matches_asked, matches_created;
ALTER TABLE matches DROP COLUMN asked_at, DROP COLUMN campaign;
