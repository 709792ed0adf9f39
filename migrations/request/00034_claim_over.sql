-- Purpose: who had claimed a request is told once the claim has ended by time, where mentions are told.
-- Lock risk: mentions is locked for a moment; no row is written.

-- +goose Up
ALTER TABLE mentions ADD COLUMN kind text NOT NULL DEFAULT 'note' CHECK (kind IN ('note', 'claim_over')); -- of another kind there is no note

-- +goose Down
DELETE FROM mentions WHERE kind <> 'note';
ALTER TABLE mentions DROP COLUMN kind;
