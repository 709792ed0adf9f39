-- Purpose: challenges of public forms that were used, so that none is used twice.
-- Lock risk: none, the table is new.

-- +goose Up
CREATE TABLE spent_challenge (
    nonce      text COLLATE "C" PRIMARY KEY,
    form       text NOT NULL, -- keyed digest of the form's idempotency key
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_challenge_expires ON spent_challenge (expires_at);

-- +goose Down
DROP TABLE spent_challenge;
