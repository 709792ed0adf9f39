-- Purpose: the consent of a guardian for a person in need who is under 18.
-- Lock risk: requests and contacts are locked for a moment; a column with a
-- constant default rewrites nothing.

-- +goose Up
-- Empty: of age, or not said. Else given, or unreachable: no guardian can be asked.
ALTER TABLE requests ADD COLUMN consent_guardian text NOT NULL DEFAULT '' CHECK (consent_guardian IN ('', 'given', 'unreachable'));
ALTER TABLE contacts ADD COLUMN guardian bytea; -- name and relationship, sealed as the others

-- +goose Down
ALTER TABLE contacts DROP COLUMN guardian;
ALTER TABLE requests DROP COLUMN consent_guardian;
