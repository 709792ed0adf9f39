-- Purpose: a changed appointment is told to both sides; whether its place is another is known by a keyed digest of it.
-- Lock risk: appointments is locked for a moment; a column with a constant default rewrites nothing.

-- +goose Up
ALTER TABLE appointments ADD COLUMN place_digest text NOT NULL DEFAULT ''; -- the request service's; empty: no place, or not known

-- +goose Down
ALTER TABLE appointments DROP COLUMN place_digest;
