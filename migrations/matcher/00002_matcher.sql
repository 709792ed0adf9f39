-- Purpose: matches, reservations and the projections that they are made on.
-- Lock risk: none, the tables are new.

-- +goose Up
-- The matching policy, one row a version; matches name the version they were made by.
CREATE TABLE policies (
    version    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

-- What the matcher may know of a request: no readable text. Document is the
-- contract's ProjectedRequest; it is emptied when the request ends.
CREATE TABLE requests (
    request_id  uuid PRIMARY KEY,
    version     bigint NOT NULL,
    open        boolean NOT NULL, -- reservations are allowed
    suggestable boolean NOT NULL, -- suggestions are allowed
    org_path    text COLLATE "C" NOT NULL,
    document    json, -- written and read whole
    changed_at  timestamptz NOT NULL
);
CREATE INDEX requests_changed ON requests (changed_at);

-- A need line's amount and what live and confirmed matches take of it.
CREATE TABLE needs (
    need_line_id uuid PRIMARY KEY,
    request_id   uuid NOT NULL REFERENCES requests ON DELETE CASCADE,
    quantity     bigint, -- null: not stated
    reserved     bigint NOT NULL DEFAULT 0,
    CONSTRAINT needs_never_more_than_needed CHECK (reserved >= 0 AND (quantity IS NULL OR reserved <= quantity))
);
CREATE INDEX needs_request ON needs (request_id);

CREATE TABLE offers (
    offer_id   uuid PRIMARY KEY,
    version    bigint NOT NULL,
    available  boolean NOT NULL,
    org_path   text COLLATE "C" NOT NULL,
    document   json, -- the contract's ProjectedOffer; emptied when the offer ends
    changed_at timestamptz NOT NULL
);
CREATE INDEX offers_changed ON offers (changed_at);

CREATE TABLE offer_lines (
    offer_line_id uuid PRIMARY KEY,
    offer_id      uuid NOT NULL REFERENCES offers ON DELETE CASCADE,
    capacity      bigint, -- null: not stated
    per           text NOT NULL CHECK (per IN ('total', 'day', 'week'))
);
CREATE INDEX offer_lines_offer ON offer_lines (offer_id);

-- What is reserved of an offer line in one period; the total's period is 1970-01-01.
CREATE TABLE capacity (
    offer_line_id uuid NOT NULL REFERENCES offer_lines ON DELETE CASCADE,
    period_start  date NOT NULL,
    capacity      bigint,
    reserved      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (offer_line_id, period_start),
    CONSTRAINT capacity_never_overbooked CHECK (reserved >= 0 AND (capacity IS NULL OR reserved <= capacity))
);

-- How often a helper was asked in a week, over all organisations. The key is
-- the blind index of a verified phone.
CREATE TABLE helper_load (
    helper_key text NOT NULL,
    week       date NOT NULL,
    asked      bigint NOT NULL,
    budget     bigint, -- null: the helper set none
    PRIMARY KEY (helper_key, week),
    CONSTRAINT helper_load_within_budget CHECK (asked >= 0 AND (budget IS NULL OR asked <= budget))
);

CREATE TABLE matches (
    id             uuid PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    state          text NOT NULL,
    version        bigint NOT NULL,
    request_id     uuid NOT NULL,
    need_line_id   uuid NOT NULL,
    offer_id       uuid NOT NULL,
    offer_line_id  uuid NOT NULL,
    request_org    text NOT NULL, -- codes and paths of both owners
    request_path   text COLLATE "C" NOT NULL,
    offer_org      text NOT NULL,
    offer_path     text COLLATE "C" NOT NULL,
    helper_key     text NOT NULL DEFAULT '',
    category       text NOT NULL,
    region_code    text NOT NULL,
    urgency        text NOT NULL,
    quantity       bigint NOT NULL CHECK (quantity > 0), -- in the need's unit
    unit           text NOT NULL,
    offer_quantity bigint NOT NULL CHECK (offer_quantity > 0), -- in the offer's unit
    period_start   date NOT NULL,
    at             timestamptz,
    hold_until     timestamptz, -- while proposed
    start_by       timestamptz, -- while accepted: later it is stuck
    reason         text NOT NULL DEFAULT '',
    reported       bigint,
    confirmed      bigint,
    policy_version bigint NOT NULL REFERENCES policies,
    score          double precision NOT NULL,
    factors        jsonb NOT NULL,
    generation     integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX matches_one_live_per_pair ON matches (request_id, offer_id)
    WHERE state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed');
CREATE INDEX matches_request ON matches (request_id);
CREATE INDEX matches_offer ON matches (offer_id);
CREATE INDEX matches_offer_line ON matches (offer_line_id);
CREATE INDEX matches_need_line ON matches (need_line_id);
CREATE INDEX matches_request_path ON matches (request_path, id);
CREATE INDEX matches_offer_path ON matches (offer_path, id);
CREATE INDEX matches_updated ON matches (updated_at);
CREATE INDEX matches_holds ON matches (hold_until) WHERE state = 'proposed';

CREATE TABLE history (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id   uuid NOT NULL,
    at           timestamptz NOT NULL,
    move         text NOT NULL,
    from_state   text NOT NULL,
    to_state     text NOT NULL,
    role         text NOT NULL,
    actor_id     text NOT NULL,
    actor_name   text NOT NULL DEFAULT '',
    on_behalf_of text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT ''
);
CREATE INDEX history_subject ON history (subject_id, id);

-- A declined pair never returns.
CREATE TABLE refused (
    request_id uuid NOT NULL,
    offer_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (request_id, offer_id)
);
CREATE INDEX refused_offer ON refused (offer_id);

-- Owned by pkg/idempotency.
CREATE TABLE idempotency (
    key        text COLLATE "C" PRIMARY KEY,
    body_hash  text NOT NULL,
    answer     jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX idempotency_created ON idempotency USING brin (created_at) WITH (autosummarize = on);

-- +goose Down
DROP TABLE idempotency, refused, history, matches, helper_load, capacity, offer_lines, offers, needs, requests, policies;
