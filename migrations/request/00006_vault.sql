-- Purpose: a key for each person, apart from what it seals; erasures; and whose
-- keys the schema's secrets are under.
-- Lock risk: requests and line_matches are locked for a moment, no row is
-- rewritten; none is added while the index is built, a second for each million rows.

-- +goose Up
ALTER TABLE requests ADD COLUMN erased_at timestamptz; -- null: what the person told is there
-- Why staff entered somebody's data though consent could not be had; empty otherwise.
ALTER TABLE requests ADD COLUMN consent_emergency text NOT NULL DEFAULT '';
-- What has ended, for those that let it go after its time.
CREATE INDEX requests_closed ON requests (updated_at) WHERE stage = 'closed' AND erased_at IS NULL;
-- When the match came to its state: a contact that was released is shown for a
-- while after the end. What is there already counts from now on.
ALTER TABLE line_matches ADD COLUMN state_at timestamptz NOT NULL DEFAULT now();

-- The key of a contact's fields, wrapped by the installation's. It is left out of
-- the main dump: without it a contact is unreadable for good.
CREATE TABLE person_keys (
    subject_id uuid PRIMARY KEY, -- the request
    keyset     text NOT NULL,    -- of the key file, that wrapped it
    wrapped    bytea NOT NULL
);

-- How far the directory's journal of erasures was followed.
CREATE TABLE erasure_cursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL DEFAULT 0
);
INSERT INTO erasure_cursor DEFAULT VALUES;

-- Digests of the keysets in use, by which another installation's key file is told
-- before it does harm.
CREATE TABLE key_check (
    keyset text PRIMARY KEY,
    digest bytea NOT NULL
);

-- +goose Down
DROP TABLE key_check, erasure_cursor, person_keys;
ALTER TABLE line_matches DROP COLUMN state_at;
DROP INDEX requests_closed;
ALTER TABLE requests DROP COLUMN erased_at, DROP COLUMN consent_emergency;
