-- Purpose: offers are asked whether they still stand, credentials that end are told, and sessions may have a roster.
-- Lock risk: offers is locked for writing while its two indexes are built, a second for each million rows; the tables are new.

-- +goose Up
-- What was told and when.
CREATE TABLE reminders (
    subject_id uuid NOT NULL, -- an offer
    kind       text NOT NULL,
    moment     timestamptz NOT NULL, -- that it is about
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (subject_id, kind, moment)
);
CREATE POLICY sight ON reminders FOR SELECT USING (EXISTS (SELECT FROM offers o WHERE o.id = subject_id));
CREATE INDEX offers_quiet ON offers (updated_at) WHERE stage = 'available' AND erased_at IS NULL;
CREATE INDEX offers_credentials ON offers (id) WHERE credentials <> '[]' AND stage IN ('available', 'paused');

-- Who came to a group's session. The names of a roster are sealed together, under
-- one key whose subject is the session; how many came is the session's.
CREATE TABLE rosters (
    session_id uuid PRIMARY KEY REFERENCES sessions,
    names      bytea NOT NULL,
    count      integer NOT NULL CHECK (count > 0),
    kept_by    text NOT NULL,
    kept_at    timestamptz NOT NULL
);
CREATE POLICY own ON rosters USING (EXISTS (SELECT FROM sessions s WHERE s.id = session_id));
CREATE POLICY attended ON person_keys USING (EXISTS (SELECT FROM rosters r WHERE r.session_id = subject_id));

-- +goose Down
DROP POLICY attended ON person_keys;
DROP TABLE rosters;
DROP INDEX offers_credentials, offers_quiet;
DROP TABLE reminders;
