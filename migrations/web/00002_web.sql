-- Purpose: what web keeps: sessions of the console, submissions that wait for
-- their service, and failed tries of codes. Web hears no facts and speaks none,
-- so it has no tables of the plumbing.
-- Lock risk: none, the tables are new.

-- +goose Up
-- Owned by the session library (alexedwards/scs); the token is a hash.
CREATE TABLE sessions (
    token  text PRIMARY KEY,
    data   bytea NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);

-- Submissions taken while their service could not be reached, sealed. A row is
-- deleted only after the service has acknowledged it.
CREATE TABLE spool (
    id          uuid PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    thing       text NOT NULL CHECK (thing IN ('request', 'offer')),
    code        text NOT NULL,
    key         text COLLATE "C" NOT NULL UNIQUE,
    body_hash   text NOT NULL,
    sealed      bytea NOT NULL,
    taken_at    timestamptz NOT NULL,
    tries       integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    refused     text -- the fault's code, once the service has refused it for good
);
CREATE INDEX spool_due ON spool (next_try_at, seq) WHERE refused IS NULL;

-- A submission may have reached its service under an earlier try's id, whose
-- answer was lost. Then the id that was given out last leads to that one.
CREATE TABLE spool_alias (
    id       uuid PRIMARY KEY,
    first_id uuid NOT NULL,
    made_at  timestamptz NOT NULL
);

-- Failed tries of code and PIN; the subject is a keyed digest.
CREATE TABLE failed_try (
    subject text COLLATE "C" NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX failed_try_subject ON failed_try (subject, at);
CREATE INDEX failed_try_at ON failed_try (at);

-- +goose Down
DROP TABLE failed_try, spool_alias, spool, sessions;
