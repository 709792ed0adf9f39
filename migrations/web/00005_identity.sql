-- Purpose: the sessions of people, so that they can be listed and ended, and the
-- failed tries to sign in, which slow down the next.
-- Lock risk: none, the tables are new.

-- +goose Up
CREATE TABLE signed_in (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL,
    device     text NOT NULL, -- browser and system, as the browser names them
    network    text NOT NULL, -- the address without its last part
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX signed_in_person ON signed_in (person_id) WHERE ended_at IS NULL;
CREATE INDEX signed_in_expires ON signed_in (expires_at);

-- The subject is a keyed digest of an account's name or an address.
CREATE TABLE attempt (
    subject  text COLLATE "C" PRIMARY KEY,
    failures integer NOT NULL,
    at       timestamptz NOT NULL, -- of the last one
    next_at  timestamptz NOT NULL  -- no try counts before
);
CREATE INDEX attempt_at ON attempt (at);

-- +goose Down
DROP TABLE attempt, signed_in;
