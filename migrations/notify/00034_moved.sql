-- Purpose: an endpoint whose address was changed keeps what is due, and gets it once the new address has proven itself.
-- Lock risk: endpoints is locked for a moment; no row is written.

-- +goose Up
-- What an endpoint that has never proven itself would get is not kept; one that did
-- under a former address loses nothing meanwhile.
ALTER TABLE endpoints ADD COLUMN moved boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE endpoints DROP COLUMN moved;
