-- Purpose: how often messages come is a helper's choice for all their offers, as their limits are.
-- Lock risk: helpers is locked for a moment and written once where somebody chose a summary: few rows.

-- +goose Up
-- An offer's own choice counts while its phone is not verified, so that nobody knows
-- whose it is, or the helper has not chosen.
ALTER TABLE helpers ADD COLUMN digest text CHECK (digest IN ('none', 'daily'));
UPDATE helpers h SET digest = 'daily' WHERE EXISTS (SELECT FROM offers o WHERE o.helper_id = h.id AND o.phone_verified AND o.digest = 'daily');

-- +goose Down
ALTER TABLE helpers DROP COLUMN digest;
