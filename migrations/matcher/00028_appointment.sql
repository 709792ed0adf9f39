-- Purpose: appointments of matches, calendars of organisations, and reminders that are told once.
-- Lock risk: none, the tables are new.

-- +goose Up
-- When the help of a match takes place: its start is the match's time. Where is
-- with the request, sealed.
CREATE TABLE appointments (
    match_id   uuid PRIMARY KEY REFERENCES matches,
    start_at   timestamptz NOT NULL,
    end_at     timestamptz NOT NULL CHECK (end_at > start_at),
    zone       text NOT NULL, -- in which it was made
    place_id   uuid,
    sequence   integer NOT NULL CHECK (sequence >= 0), -- grows with every change
    cancelled  boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX appointments_start ON appointments (start_at) WHERE NOT cancelled;
CREATE POLICY sight ON appointments USING (EXISTS (SELECT FROM matches m WHERE m.id = match_id));

-- A helper's other appointment within a span, of whatever organisation: it decides
-- past the policies, and who may not see that match learns "busy" alone.
CREATE FUNCTION overlapping(helper text, own uuid, from_at timestamptz, until_at timestamptz) RETURNS uuid
    LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT a.match_id FROM appointments a JOIN matches m ON m.id = a.match_id
    WHERE m.helper_key = helper AND helper <> '' AND a.match_id <> own AND NOT a.cancelled
        AND a.start_at < until_at AND a.end_at > from_at
    ORDER BY a.start_at LIMIT 1
$$;

-- Addresses under which a calendar program reads an organisation's appointments.
CREATE TABLE calendars (
    id         uuid PRIMARY KEY,
    org_code   text NOT NULL,
    org_path   text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    digest     bytea NOT NULL UNIQUE, -- of the secret in the address
    made_by    text NOT NULL,
    made_at    timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE POLICY own ON calendars USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- What was told and when; the worker's alone.
CREATE TABLE reminders (
    subject_id uuid NOT NULL, -- a match
    kind       text NOT NULL,
    moment     timestamptz NOT NULL, -- that it is about
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (subject_id, kind, moment)
);

-- +goose Down
DROP TABLE reminders, calendars;
DROP FUNCTION overlapping;
DROP TABLE appointments;
