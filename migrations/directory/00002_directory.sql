-- Purpose: organisations, the people and keys that act for them, the audit chain,
-- and the reference data that every service works with.
-- Lock risk: none, the tables are new.

-- +goose Up
CREATE TABLE region (
    code   text PRIMARY KEY,
    parent text REFERENCES region DEFERRABLE INITIALLY DEFERRED,
    level  text NOT NULL CHECK (level IN ('country', 'province', 'city', 'county')),
    names  jsonb NOT NULL, -- by language
    lat    double precision, -- WGS-84 degrees
    lon    double precision,
    CHECK ((lat IS NULL) = (lon IS NULL))
);
CREATE INDEX region_parent ON region (parent);

CREATE TABLE category (
    code       text PRIMARY KEY,
    parent     text REFERENCES category DEFERRABLE INITIALLY DEFERRED,
    names      jsonb NOT NULL,
    units      text[] NOT NULL,
    modes      text[] NOT NULL,
    credential boolean NOT NULL,
    sensitive  boolean NOT NULL,
    matching   text NOT NULL CHECK (matching IN ('manual', 'assisted', 'automatic')),
    hsds       text NOT NULL,
    position   integer NOT NULL -- in lists
);

CREATE TABLE item (
    code     text PRIMARY KEY,
    category text NOT NULL REFERENCES category,
    names    jsonb NOT NULL,
    aliases  text[] NOT NULL,
    unit     text NOT NULL,
    per      jsonb NOT NULL -- how many of unit one of another unit holds
);

CREATE TABLE campaign (
    code  text PRIMARY KEY,
    names jsonb NOT NULL
);

-- What was loaded into the tables above, and the version that callers compare.
CREATE TABLE reference (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0,
    seed    text NOT NULL DEFAULT '' -- hash of the embedded files
);
INSERT INTO reference DEFAULT VALUES;

CREATE TABLE organisation (
    id          uuid PRIMARY KEY,
    code        text NOT NULL,
    name        text NOT NULL,
    kind        text NOT NULL,
    level       text NOT NULL CHECK (level IN ('country', 'province', 'city', 'county', 'community')),
    region_code text NOT NULL REFERENCES region,
    parent_id   uuid REFERENCES organisation,
    path        text COLLATE "C" NOT NULL UNIQUE, -- codes from the root, each followed by '/'
    coordinates boolean NOT NULL, -- takes the public submissions of its region
    verified    boolean NOT NULL,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((parent_id IS NULL) = (path = 'root/'))
);
-- People type codes, so case does not tell two apart.
CREATE UNIQUE INDEX organisation_code ON organisation (lower(code));
CREATE UNIQUE INDEX organisation_coordinates ON organisation (region_code) WHERE coordinates;
CREATE INDEX organisation_region ON organisation (region_code);

CREATE TABLE person (
    id              uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisation,
    name            text NOT NULL,
    role            text NOT NULL,
    language        text NOT NULL,
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz
);
CREATE INDEX person_organisation ON person (organisation_id);

-- One-time secrets. Only the hash is kept: whoever reads the table signs in as nobody.
CREATE TABLE login (
    hash       bytea PRIMARY KEY, -- SHA-256
    person_id  uuid NOT NULL REFERENCES person,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX login_expires ON login (expires_at);

CREATE TABLE api_key (
    id              uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisation,
    name            text NOT NULL,
    role            text NOT NULL,
    hash            bytea NOT NULL UNIQUE, -- SHA-256
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz
);

-- The audit chain, one per organisation: each row's hash covers the one before,
-- so that an edit or a deletion breaks the chain, and the head finds a truncation.
CREATE TABLE audit (
    organisation_id uuid NOT NULL REFERENCES organisation,
    seq             bigint NOT NULL, -- from 1, without gaps
    key             text NOT NULL,   -- the caller's; makes a repeat harmless
    at              timestamptz NOT NULL,
    action          text NOT NULL,
    subject_id      text NOT NULL,
    role            text NOT NULL,
    actor_id        text NOT NULL,
    actor_name      text NOT NULL,
    reason          text NOT NULL,
    previous        bytea NOT NULL,
    hash            bytea NOT NULL,
    PRIMARY KEY (organisation_id, seq),
    UNIQUE (organisation_id, key)
);

CREATE TABLE audit_head (
    organisation_id uuid PRIMARY KEY REFERENCES organisation,
    seq             bigint NOT NULL,
    hash            bytea NOT NULL
);

-- Rights alone would not do: they are given anew to all tables when roles are
-- set up. The service's role does not own the table, so it cannot lift this.
-- +goose StatementBegin
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are only ever added' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- +goose Down
DROP TABLE audit_head, audit, api_key, login, person, organisation, reference, campaign, item, category, region;
DROP FUNCTION refuse_audit_change;
