-- Purpose: the journal of erasures, alerts, and whose keys the schema's secrets are
-- under.
-- Lock risk: no audit row is added while the index is built, so no contact is read;
-- a second for each million rows.

-- +goose Up
-- What was erased, in order and without gaps. It is left out of the main dump: a
-- restored dump is followed by the journal as it is then, not as it was. Each
-- hash covers the one before, so that two journals can be told to be one.
CREATE TABLE erasure (
    seq        bigint PRIMARY KEY, -- from 1
    thing      text NOT NULL CHECK (thing IN ('request', 'offer')),
    subject_id uuid NOT NULL UNIQUE,
    at         timestamptz NOT NULL,
    hash       bytea NOT NULL
);

-- The last row; whoever adds one locks it.
CREATE TABLE erasure_head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq  bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT ''
);
INSERT INTO erasure_head DEFAULT VALUES;

-- +goose StatementBegin
CREATE FUNCTION refuse_erasure_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'erasures are only ever added' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erasure_change();

-- What somebody ought to look at: an account that read unusually many contacts.
-- One row for an account and an hour.
CREATE TABLE alert (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('readings')),
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    org_path   text COLLATE "C" NOT NULL, -- the actor's; sight is a range of it
    since      timestamptz NOT NULL, -- the hour
    at         timestamptz NOT NULL, -- of the last reading that counts
    count      bigint NOT NULL,
    UNIQUE (kind, actor_id, since)
);
CREATE INDEX alert_newest ON alert (at DESC, id DESC);
CREATE INDEX audit_readings ON audit (actor_id, at) WHERE action IN ('request.contact.read', 'offer.contact.read');

-- Digests of the keysets in use, by which another installation's key file is told
-- before it does harm.
CREATE TABLE key_check (
    keyset text PRIMARY KEY,
    digest bytea NOT NULL
);

-- +goose Down
DROP INDEX audit_readings;
DROP TABLE key_check, alert, erasure_head, erasure;
DROP FUNCTION refuse_erasure_change;
