-- Purpose: asking several helpers at once for what a need line lacks, in waves.
-- Lock risk: none for rows; history is locked for a moment for its policy.

-- +goose Up
-- A need line that is asked for. What is to be done follows from the state, the
-- next look and what the line lacks, so that a crash forgets nothing.
CREATE TABLE waves (
    need_line_id uuid PRIMARY KEY REFERENCES needs ON DELETE CASCADE,
    request_id   uuid NOT NULL,
    org_path     text COLLATE "C" NOT NULL, -- of the request
    state        text NOT NULL CHECK (state IN ('asking', 'filled', 'stopped')),
    version      bigint NOT NULL, -- grows with every wave and answer: who looked before looks again
    sent         integer NOT NULL DEFAULT 0, -- waves so far
    look_at      timestamptz NOT NULL,
    automatic    boolean NOT NULL, -- started by the policy, not by somebody
    started_by   text NOT NULL,
    started_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX waves_look ON waves (look_at) WHERE state = 'asking';
CREATE INDEX waves_request ON waves (request_id);

-- One helper asked for one need line. It reserves no capacity; that it was sent
-- is counted in helper_load by the same transaction.
CREATE TABLE asks (
    id            uuid PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    state         text NOT NULL,
    version       bigint NOT NULL,
    request_id    uuid NOT NULL,
    need_line_id  uuid NOT NULL,
    offer_id      uuid NOT NULL,
    offer_line_id uuid NOT NULL,
    match_id      uuid, -- once accepted
    request_org   text NOT NULL, -- codes and paths of both owners
    request_path  text COLLATE "C" NOT NULL,
    offer_org     text NOT NULL,
    offer_path    text COLLATE "C" NOT NULL,
    helper_key    text NOT NULL DEFAULT '',
    requester_key text NOT NULL DEFAULT '',
    category      text NOT NULL,
    region_code   text NOT NULL,
    urgency       text NOT NULL,
    quantity      bigint NOT NULL CHECK (quantity > 0), -- in the need's unit
    unit          text NOT NULL,
    score         double precision NOT NULL,
    wave          integer NOT NULL,
    stands_by     boolean NOT NULL DEFAULT false, -- said yes when nothing was missing
    other_time    timestamptz, -- that the helper suggests
    reason        text NOT NULL DEFAULT '', -- a code
    until         timestamptz NOT NULL, -- unanswered until then it expires
    answered_at   timestamptz, -- by the helper
    generation    integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX asks_one_open ON asks (need_line_id, offer_id) WHERE state = 'asked';
CREATE INDEX asks_need_line ON asks (need_line_id);
CREATE INDEX asks_request ON asks (request_id);
CREATE INDEX asks_offer ON asks (offer_id);
CREATE INDEX asks_helper ON asks (helper_key) WHERE helper_key <> '';
CREATE INDEX asks_request_path ON asks (request_path, id);
CREATE INDEX asks_offer_path ON asks (offer_path, id);
CREATE INDEX asks_until ON asks (until) WHERE state = 'asked';
CREATE INDEX asks_updated ON asks (updated_at);

-- Both owners see an ask, and the helper who was asked; a requester does not, for
-- most of those who are asked never help.
CREATE POLICY sight ON asks USING (
    CASE WHEN request_path >= (SELECT current_setting('heli.path', true)) THEN request_path < (SELECT current_setting('heli.path_end', true)) END
    OR CASE WHEN offer_path >= (SELECT current_setting('heli.path', true)) THEN offer_path < (SELECT current_setting('heli.path_end', true)) END
    OR offer_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));
CREATE POLICY asks ON history USING (EXISTS (SELECT FROM asks a WHERE a.id = subject_id));
CREATE POLICY sight ON waves USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- +goose Down
DROP POLICY asks ON history;
DELETE FROM history WHERE subject_id IN (SELECT id FROM asks);
DROP TABLE asks, waves;
