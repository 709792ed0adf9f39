-- Purpose: offers, their lines, helpers, contacts, notes, history and matches.
-- Lock risk: none, the tables are new.

-- +goose Up
-- Who helps, known within an organisation by the phone.
CREATE TABLE helpers (
    id            uuid PRIMARY KEY,
    org_path      text COLLATE "C" NOT NULL,
    phone_index   text NOT NULL, -- keyed digest
    weekly_budget integer CHECK (weekly_budget >= 0), -- asks a week; null: as the policy says
    created_at    timestamptz NOT NULL,
    UNIQUE (org_path, phone_index)
);

CREATE TABLE offers (
    id               uuid PRIMARY KEY,
    code             text NOT NULL UNIQUE,
    org_code         text NOT NULL,
    org_path         text COLLATE "C" NOT NULL, -- sight is a range of it
    stage            text NOT NULL, -- what people command
    state            text NOT NULL, -- what is shown: stage and totals together
    version          bigint NOT NULL CHECK (version > 0),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    title            text NOT NULL,
    description      text NOT NULL,
    helper_id        uuid REFERENCES helpers,
    mode             text NOT NULL,
    region_code      text NOT NULL,
    lat              double precision,
    lon              double precision,
    radius_m         bigint CHECK (radius_m > 0),
    service_regions  text[] NOT NULL,
    languages        text[] NOT NULL,
    skills           text[] NOT NULL,
    safeguards       text[] NOT NULL,
    credentials      jsonb NOT NULL, -- numbered by n from 1
    windows          jsonb NOT NULL,
    time_zone        text NOT NULL,
    valid_until      timestamptz,
    sharing          text NOT NULL,
    consent_version  text NOT NULL,
    consent_purposes text[] NOT NULL,
    source           text NOT NULL,
    source_id        text NOT NULL,
    submitted_by     text NOT NULL, -- role
    phone_verified   boolean NOT NULL DEFAULT false,
    generation       integer NOT NULL DEFAULT 0, -- of the tracking token
    CHECK ((lat IS NULL) = (lon IS NULL))
);
-- The list, newest first, of those who see much of the country.
CREATE INDEX offers_newest ON offers (created_at DESC, id DESC) INCLUDE (org_path, state);
-- The list and the counts of those who see one organisation and what is below.
CREATE INDEX offers_sight ON offers (org_path, state, created_at, id);
CREATE UNIQUE INDEX offers_source ON offers (org_path, source, source_id) WHERE source_id <> '';
CREATE INDEX offers_title ON offers USING gin (title public.gin_trgm_ops);
CREATE INDEX offers_valid ON offers (valid_until) WHERE stage IN ('submitted', 'vetting', 'available', 'paused');

-- Totals follow from line_matches and are written with them.
CREATE TABLE offer_lines (
    id            uuid PRIMARY KEY,
    offer_id      uuid NOT NULL REFERENCES offers ON DELETE CASCADE,
    position      smallint NOT NULL,
    category      text NOT NULL,
    item          text NOT NULL,
    specification text NOT NULL,
    source_text   text NOT NULL,
    quantity      bigint CHECK (quantity > 0), -- null: not stated
    unit          text NOT NULL,
    per           text NOT NULL, -- total, day or week
    reserved      bigint NOT NULL DEFAULT 0, -- in all periods together
    used          bigint NOT NULL DEFAULT 0,
    UNIQUE (offer_id, position)
);

-- What the matcher said last of each match of a line.
CREATE TABLE line_matches (
    match_id      uuid PRIMARY KEY,
    offer_line_id uuid NOT NULL REFERENCES offer_lines ON DELETE CASCADE,
    request_id    uuid NOT NULL,
    state         text NOT NULL,
    version       bigint NOT NULL,
    at            timestamptz NOT NULL, -- decides the period
    held          bigint NOT NULL, -- of the line's capacity, in its unit
    used          bigint NOT NULL, -- really delivered
    released      boolean NOT NULL -- the contact was shown to the requester
);
CREATE INDEX line_matches_line ON line_matches (offer_line_id, at);
CREATE INDEX line_matches_request ON line_matches (request_id);

-- Sealed by pkg/contact: readable with the installation's keys alone.
CREATE TABLE contacts (
    offer_id    uuid PRIMARY KEY REFERENCES offers ON DELETE CASCADE,
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
    offer_id    uuid NOT NULL REFERENCES offers ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    author_id   text NOT NULL,
    author_name text NOT NULL,
    text        text NOT NULL
);
CREATE INDEX notes_offer ON notes (offer_id, at);

-- Every move: who, when, why.
CREATE TABLE history (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id   uuid NOT NULL REFERENCES offers ON DELETE CASCADE,
    at           timestamptz NOT NULL,
    move         text NOT NULL,
    from_state   text NOT NULL,
    to_state     text NOT NULL,
    role         text NOT NULL,
    actor_id     text NOT NULL,
    actor_name   text NOT NULL,
    on_behalf_of text NOT NULL,
    reason       text NOT NULL
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
DROP TABLE idempotency, history, notes, contacts, line_matches, offer_lines, offers, helpers;
