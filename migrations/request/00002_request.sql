-- Purpose: requests, their need lines, contacts, notes, history and matches.
-- Lock risk: none, the tables are new.

-- +goose Up
CREATE TABLE requests (
    id                uuid PRIMARY KEY,
    code              text NOT NULL UNIQUE,
    org_code          text NOT NULL,
    org_path          text COLLATE "C" NOT NULL, -- sight is a range of it
    stage             text NOT NULL, -- what people command
    state             text NOT NULL, -- what is shown: stage and totals together
    closed_reason     text NOT NULL DEFAULT '',
    version           bigint NOT NULL CHECK (version > 0),
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    title             text NOT NULL,
    description       text NOT NULL,
    urgency           text NOT NULL,
    urgency_rank      smallint NOT NULL, -- 0 is the most urgent
    mode              text NOT NULL,
    region_code       text NOT NULL,
    lat               double precision,
    lon               double precision,
    languages         text[] NOT NULL,
    skills            text[] NOT NULL,
    safeguards        text[] NOT NULL,
    windows           jsonb NOT NULL,
    needed_by         timestamptz,
    vulnerability     text[] NOT NULL,
    at_organisation   text NOT NULL,
    campaign          text NOT NULL,
    incident          text NOT NULL,
    time_zone         text NOT NULL,
    on_behalf_of      text NOT NULL,
    sharing           text NOT NULL,
    consent_version   text NOT NULL,
    consent_purposes  text[] NOT NULL,
    source            text NOT NULL,
    source_id         text NOT NULL,
    source_path       text COLLATE "C" NOT NULL, -- the first owner's, so that an import is repeatable after a referral
    submitted_by      text NOT NULL, -- role
    opened_by_staff   boolean NOT NULL DEFAULT false,
    phone_verified    boolean NOT NULL DEFAULT false,
    claimed_by_id     text NOT NULL DEFAULT '',
    claimed_by        text NOT NULL DEFAULT '',
    generation        integer NOT NULL DEFAULT 0, -- of the tracking token
    CHECK ((stage = 'closed') = (closed_reason <> '')),
    CHECK ((lat IS NULL) = (lon IS NULL))
);
-- The queue of those who see much of the country, in its order.
CREATE INDEX requests_queue ON requests (urgency_rank, created_at, id) INCLUDE (org_path, state) WHERE stage <> 'closed';
-- The queue and the counts of those who see one organisation and what is below.
CREATE INDEX requests_sight ON requests (org_path, state, urgency_rank, created_at, id);
CREATE UNIQUE INDEX requests_source ON requests (source_path, source, source_id) WHERE source_id <> '';
CREATE INDEX requests_title ON requests USING gin (title public.gin_trgm_ops);
CREATE INDEX requests_updated ON requests (updated_at);

-- Totals follow from line_matches and are written with them.
CREATE TABLE need_lines (
    id            uuid PRIMARY KEY,
    request_id    uuid NOT NULL REFERENCES requests ON DELETE CASCADE,
    position      smallint NOT NULL,
    category      text NOT NULL,
    item          text NOT NULL,
    specification text NOT NULL,
    source_text   text NOT NULL,
    quantity      bigint CHECK (quantity > 0), -- null: not stated
    unit          text NOT NULL,
    proposed      bigint NOT NULL DEFAULT 0,
    matched       bigint NOT NULL DEFAULT 0,
    in_progress   bigint NOT NULL DEFAULT 0,
    reported      bigint NOT NULL DEFAULT 0,
    confirmed     bigint NOT NULL DEFAULT 0,
    disputed      bigint NOT NULL DEFAULT 0, -- matches, not an amount
    UNIQUE (request_id, position)
);

-- What the matcher said last of each match of a line.
CREATE TABLE line_matches (
    match_id     uuid PRIMARY KEY,
    need_line_id uuid NOT NULL REFERENCES need_lines ON DELETE CASCADE,
    state        text NOT NULL,
    version      bigint NOT NULL,
    quantity     bigint,  -- null: not stated
    fulfilled    bigint,  -- null: not reported
    released     boolean NOT NULL -- the contact was shown to the helper
);
CREATE INDEX line_matches_line ON line_matches (need_line_id);

-- Sealed by pkg/contact: readable with the installation's keys alone. Here and
-- in history no foreign key: the rows are written by the statement that writes
-- the request, and the checks took a fifth of its time.
CREATE TABLE contacts (
    request_id  uuid PRIMARY KEY,
    name        bytea,
    phone       bytea,
    email       bytea,
    wechat      bytea,
    safe_hours  bytea,
    phone_index text -- keyed digest
);
CREATE INDEX contacts_phone ON contacts (phone_index) WHERE phone_index IS NOT NULL;

CREATE TABLE notes (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL REFERENCES requests ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    author_id   text NOT NULL,
    author_name text NOT NULL,
    text        text NOT NULL
);
CREATE INDEX notes_request ON notes (request_id, at);

-- Every move: who, when, why.
CREATE TABLE history (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id   uuid NOT NULL,
    at           timestamptz NOT NULL,
    move         text NOT NULL,
    from_state   text NOT NULL,
    to_state     text NOT NULL,
    role         text NOT NULL,
    actor_id     text NOT NULL,
    actor_name   text NOT NULL,
    on_behalf_of text NOT NULL,
    reason       text NOT NULL,
    -- A referral's: the organisation that gave the request away and the one that
    -- got it. All that the former keeps.
    referred_from text NOT NULL DEFAULT '',
    referred_to   text NOT NULL DEFAULT ''
);
CREATE INDEX history_subject ON history (subject_id, id);

-- Owned by pkg/idempotency.
CREATE TABLE idempotency (
    key        text COLLATE "C" PRIMARY KEY,
    body_hash  text NOT NULL,
    answer     jsonb, -- null only inside the transaction that answers
    created_at timestamptz NOT NULL
);
CREATE INDEX idempotency_created ON idempotency USING brin (created_at) WITH (autosummarize = on);

-- +goose Down
DROP TABLE idempotency, history, notes, contacts, line_matches, need_lines, requests;
