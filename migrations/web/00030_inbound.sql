-- Purpose: tables that people upload, with what became of each row; and the forms
-- of other programs that post here, with their posts until they are taken in.
-- Lock risk: none, the tables are new.

-- +goose Up
-- A table on its way in. Whoever uploaded it reads it and nobody else: it may hold
-- contacts, of which each reading by another would have to be recorded.
CREATE TABLE upload (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('needs', 'offers')),
    state      text NOT NULL CHECK (state IN ('draft', 'running', 'done', 'undoing', 'undone')),
    head       bytea NOT NULL, -- sealed: who acts, the file's name, the mapping
    content    bytea,          -- sealed: the file; once it is taken, its refused rows; gone in the end
    things     integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    moved_at   timestamptz NOT NULL, -- into its state
    due_at     timestamptz NOT NULL  -- when a worker may take it up, while there is work
);
CREATE INDEX upload_person ON upload (person_id, created_at DESC);
CREATE INDEX upload_due ON upload (due_at) WHERE state IN ('running', 'undoing');
CREATE INDEX upload_moved ON upload (moved_at);
CREATE POLICY own ON upload USING (person_id = (SELECT nullif(current_setting('heli.person', true), '')::uuid));

-- What became of each request or offer of a table; the first that was noted counts.
CREATE TABLE upload_thing (
    upload_id uuid NOT NULL REFERENCES upload ON DELETE CASCADE,
    n         integer NOT NULL, -- in the order of the file
    outcome   text NOT NULL,
    thing_id  uuid,             -- of what was created
    version   bigint NOT NULL,  -- that it was created with
    undone    text CHECK (undone IN ('withdrawn', 'touched')),
    PRIMARY KEY (upload_id, n)
);
CREATE POLICY own ON upload_thing USING (EXISTS (SELECT FROM upload u WHERE u.id = upload_id));

-- Mappings of columns that an organisation has given a name.
CREATE TABLE upload_mapping (
    org_path text COLLATE "C" NOT NULL,
    kind     text NOT NULL,
    name     text NOT NULL,
    mapping  jsonb NOT NULL, -- of columns' names, and no cell
    kept_at  timestamptz NOT NULL,
    PRIMARY KEY (org_path, kind, name)
);
CREATE POLICY own ON upload_mapping USING (org_path = (SELECT nullif(current_setting('heli.path', true), '')));

-- A form elsewhere that posts to an address of its own.
CREATE TABLE inbound_form (
    id         uuid PRIMARY KEY,
    org_path   text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('needs', 'offers')),
    settings   jsonb NOT NULL, -- name, mapping, how posts are told to be genuine
    secrets    bytea NOT NULL, -- sealed: the one in use and the one before
    version    bigint NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX inbound_form_path ON inbound_form (org_path, created_at);
CREATE POLICY sight ON inbound_form USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- What such a form has posted. The content stays until it is taken in or dropped.
CREATE TABLE inbound_post (
    id          uuid PRIMARY KEY,
    form_id     uuid NOT NULL REFERENCES inbound_form ON DELETE CASCADE,
    name        text NOT NULL, -- keyed digest of the submission's id, else of its body
    state       text NOT NULL CHECK (state IN ('received', 'taken', 'look', 'dropped')),
    content     bytea,         -- sealed
    reasons     bytea,         -- sealed: why somebody has to look
    thing_id    uuid,          -- of the request or offer that it became
    code        text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    due_at      timestamptz NOT NULL, -- when a worker may take it up, while it is received
    UNIQUE (form_id, name)
);
CREATE INDEX inbound_post_due ON inbound_post (due_at) WHERE state = 'received';
CREATE INDEX inbound_post_look ON inbound_post (form_id, received_at DESC) WHERE state = 'look';
CREATE INDEX inbound_post_form ON inbound_post (form_id, received_at DESC);
CREATE INDEX inbound_post_received ON inbound_post (received_at);
CREATE POLICY sight ON inbound_post USING (EXISTS (SELECT FROM inbound_form f WHERE f.id = form_id));

-- +goose Down
DROP TABLE inbound_post, inbound_form, upload_mapping, upload_thing, upload;
