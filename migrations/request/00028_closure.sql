-- Purpose: dates on which staff look at a request again, reminders that are told once, and places of appointments.
-- Lock risk: line_matches is locked for writing while its index is built, less than a second for each million rows; the tables are new.

-- +goose Up
-- One date for a request: of staff, or raised by the service where news are missing.
CREATE TABLE follow_ups (
    request_id uuid PRIMARY KEY,
    due_at     timestamptz NOT NULL,
    raised     boolean NOT NULL -- by the service: news take it away again
);
CREATE INDEX follow_ups_due ON follow_ups (due_at);
-- Not with those who see a request because it is shared.
CREATE POLICY own ON follow_ups USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid))));

-- What was told and when; the worker's alone.
CREATE TABLE reminders (
    subject_id uuid NOT NULL, -- a request or a match
    kind       text NOT NULL,
    moment     timestamptz NOT NULL, -- that it is about
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (subject_id, kind, moment)
);
-- Reports that wait for the requester's word.
CREATE INDEX line_matches_reported ON line_matches (state_at) WHERE state = 'reported_done';

-- Where the help of a match takes place: an address, or the link of a meeting,
-- sealed under a key of its own in person_keys whose subject is the place. The
-- matcher alone asks, which knows who may see it.
CREATE TABLE places (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    match_id   uuid NOT NULL,
    sealed     bytea NOT NULL
);
CREATE INDEX places_match ON places (match_id);
CREATE INDEX places_request ON places (request_id);

-- +goose Down
DROP TABLE places;
DROP INDEX line_matches_reported;
DROP TABLE reminders, follow_ups;
