-- Purpose: views of the queue that people save, for themselves or for their
-- organisation, and which of them each opens first.
-- Lock risk: none, the tables are new.

-- +goose Up
CREATE TABLE saved_view (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL, -- who saved it
    person_name text NOT NULL, -- shown to colleagues
    org_path    text COLLATE "C" NOT NULL,
    shared      boolean NOT NULL, -- with the people of that organisation
    name        text NOT NULL,
    query       text NOT NULL, -- of the queue's address: tab, filters, columns
    created_at  timestamptz NOT NULL
);
CREATE INDEX saved_view_person ON saved_view (person_id);
CREATE INDEX saved_view_shared ON saved_view (org_path) WHERE shared;
-- Of people by name; nobody reads another's or changes what a colleague shared.
CREATE POLICY own ON saved_view USING (person_id = (SELECT nullif(current_setting('heli.person', true), '')::uuid));
CREATE POLICY shared ON saved_view FOR SELECT USING (shared AND org_path = (SELECT nullif(current_setting('heli.path', true), '')));

CREATE TABLE first_view (
    person_id uuid PRIMARY KEY,
    view_id   uuid NOT NULL REFERENCES saved_view ON DELETE CASCADE
);
CREATE INDEX first_view_view ON first_view (view_id);
CREATE POLICY own ON first_view USING (person_id = (SELECT nullif(current_setting('heli.person', true), '')::uuid));

-- +goose Down
DROP TABLE first_view, saved_view;
