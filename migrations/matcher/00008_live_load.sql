-- Purpose: count an organisation's live matches without looking at its past ones,
-- which is done whenever one of its offers is read again.
-- Lock risk: writes to matches wait while the index is built, a second for a
-- million rows.

-- +goose Up
CREATE INDEX matches_live_load ON matches (offer_path)
    WHERE state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed');

-- +goose Down
DROP INDEX matches_live_load;
