-- Purpose: the index that dashboards and maps count available offers by.
-- Lock risk: writes wait while it is built, a few seconds for a million rows.

-- +goose Up
CREATE INDEX offers_available ON offers (region_code) INCLUDE (org_path, id, sharing) WHERE state = 'available';

-- +goose Down
DROP INDEX offers_available;
