-- Purpose: a helper chooses whether each message comes at once or one summary a day.
-- Lock risk: offers is locked for a moment; a column with a constant default rewrites nothing.

-- +goose Up
ALTER TABLE offers ADD COLUMN digest text NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'daily'));

-- +goose Down
ALTER TABLE offers DROP COLUMN digest;
