-- Purpose: whose keys the schema's secrets are under.
-- Lock risk: none, the table is new.

-- +goose Up
-- Digests of the keysets in use, by which another installation's key file is told
-- before it does harm.
CREATE TABLE key_check (
    keyset text PRIMARY KEY,
    digest bytea NOT NULL
);

-- +goose Down
DROP TABLE key_check;
