-- Purpose: whether, where and when somebody of the staff hears by mail of what concerns them.
-- Lock risk: none, the table is new.

-- +goose Up
-- Nobody is written to who has no row. Who acts reads and changes their own through
-- the service's own work, as with factors: there is no policy.
CREATE TABLE notice (
    person_id  uuid PRIMARY KEY REFERENCES person,
    mail       boolean NOT NULL,
    address    bytea, -- sealed; null: the name that they sign in with
    bounced    text NOT NULL DEFAULT '', -- keyed digest of the address from which mail came back
    digest     text NOT NULL CHECK (digest IN ('none', 'hourly', 'daily')),
    quiet_from text NOT NULL DEFAULT '', -- "22:00" in the time zone; empty: never
    quiet_to   text NOT NULL DEFAULT '',
    time_zone  text NOT NULL,
    CHECK ((quiet_from = '') = (quiet_to = ''))
);

-- +goose Down
DROP TABLE notice;
