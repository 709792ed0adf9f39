-- Purpose: the language in which messages to a person are written, and whether mail to them bounces.
-- Lock risk: offers and contacts are locked for a moment; a column with a
-- constant default rewrites nothing.

-- +goose Up
-- A BCP 47 tag; empty for those of before, whose languages are asked instead.
ALTER TABLE offers ADD COLUMN language text NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN mail_bounced_at timestamptz; -- null: not known to

-- +goose Down
ALTER TABLE contacts DROP COLUMN mail_bounced_at;
ALTER TABLE offers DROP COLUMN language;
