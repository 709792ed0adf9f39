-- Purpose: roles as rows, so that one person may hold several; passwords, second
-- factors and recovery codes; accounts of an identity provider; keys with a
-- scope and an end.
-- Lock risk: person, login, api_key and audit are locked while columns and an
-- index are added; person and api_key are small, the index reads all of audit.

-- +goose Up
ALTER TABLE person
    ADD COLUMN login_name    text, -- what is typed to sign in, in lower case
    ADD COLUMN password      text, -- argon2id in PHC form
    ADD COLUMN demo          boolean NOT NULL DEFAULT false, -- a link alone signs in
    ADD COLUMN enrolled_at   timestamptz, -- first password or account with a second factor
    ADD COLUMN signed_in_at  timestamptz;
CREATE UNIQUE INDEX person_login_name ON person (login_name);
CREATE INDEX person_name ON person (name);

CREATE TABLE person_role (
    id              uuid PRIMARY KEY,
    person_id       uuid NOT NULL REFERENCES person,
    organisation_id uuid NOT NULL REFERENCES organisation,
    role            text NOT NULL,
    granted_at      timestamptz NOT NULL,
    withdrawn_at    timestamptz
);
CREATE UNIQUE INDEX person_role_held ON person_role (person_id, organisation_id, role) WHERE withdrawn_at IS NULL;
CREATE INDEX person_role_organisation ON person_role (organisation_id) WHERE withdrawn_at IS NULL;
INSERT INTO person_role (id, person_id, organisation_id, role, granted_at)
    SELECT gen_random_uuid(), id, organisation_id, role, created_at FROM person;
ALTER TABLE person DROP COLUMN role;

-- A passkey is a public key; the secret of a TOTP is sealed with the key file.
CREATE TABLE factor (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES person,
    kind          text NOT NULL CHECK (kind IN ('totp', 'passkey')),
    name          text NOT NULL,
    secret        bytea, -- totp, sealed
    last_step     bigint NOT NULL DEFAULT 0, -- totp: the newest code used, counted in periods
    credential_id bytea UNIQUE, -- passkey
    credential    jsonb, -- passkey, as go-webauthn writes it
    created_at    timestamptz NOT NULL,
    confirmed_at  timestamptz, -- by a first code
    used_at       timestamptz,
    CHECK (CASE kind WHEN 'totp' THEN secret IS NOT NULL ELSE credential_id IS NOT NULL AND credential IS NOT NULL END)
);
CREATE INDEX factor_person ON factor (person_id);

CREATE TABLE recovery_code (
    person_id uuid NOT NULL REFERENCES person,
    hash      bytea NOT NULL, -- SHA-256 of 80 random bits
    used_at   timestamptz,
    PRIMARY KEY (person_id, hash)
);

-- Accounts of an identity provider, each linked to a person by that person.
CREATE TABLE subject (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX subject_person ON subject (person_id);

-- Whether redeeming the link takes the second factors away: they were lost.
ALTER TABLE login ADD COLUMN resets boolean NOT NULL DEFAULT false;

ALTER TABLE api_key
    ADD COLUMN scope        text NOT NULL DEFAULT '', -- actions, by spaces; all of the role's when empty
    ADD COLUMN expires_at   timestamptz,
    ADD COLUMN last_used_at timestamptz;
UPDATE api_key SET expires_at = now() + interval '1 year';
ALTER TABLE api_key ALTER COLUMN expires_at SET NOT NULL;
CREATE INDEX api_key_organisation ON api_key (organisation_id);

CREATE INDEX audit_subject ON audit (subject_id);

-- +goose Down
DROP INDEX audit_subject;
DROP INDEX api_key_organisation;
ALTER TABLE api_key DROP COLUMN scope, DROP COLUMN expires_at, DROP COLUMN last_used_at;
ALTER TABLE login DROP COLUMN resets;
DROP TABLE subject, recovery_code, factor;
ALTER TABLE person ADD COLUMN role text;
UPDATE person p SET role = coalesce(
    (SELECT r.role FROM person_role r WHERE r.person_id = p.id ORDER BY (r.withdrawn_at IS NOT NULL), r.granted_at, r.id LIMIT 1), 'helper');
ALTER TABLE person ALTER COLUMN role SET NOT NULL;
DROP TABLE person_role;
DROP INDEX person_login_name, person_name;
ALTER TABLE person DROP COLUMN login_name, DROP COLUMN password, DROP COLUMN demo, DROP COLUMN enrolled_at, DROP COLUMN signed_in_at;
