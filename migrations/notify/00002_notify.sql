-- Purpose: webhook endpoints with their secrets, deliveries and attempts; the pull feed.
-- Lock risk: none, the tables are new.

-- +goose Up
CREATE TABLE endpoints (
    id            uuid PRIMARY KEY,
    org_path      text COLLATE "C" NOT NULL, -- sight is a range of it
    url           text NOT NULL,
    patterns      text[] NOT NULL, -- "match.*", "request.open", "*"
    description   text NOT NULL,
    state         text NOT NULL CHECK (state IN ('unverified', 'active', 'disabled', 'removed')),
    reason        text NOT NULL DEFAULT '', -- why it is disabled
    exempt        boolean NOT NULL, -- its address was allowed by the operator: no proof is asked
    failing_since timestamptz, -- the first failure after the last success
    slow_until    timestamptz, -- the receiver asked for a pause
    version       bigint NOT NULL CHECK (version > 0),
    created_at    timestamptz NOT NULL
);
CREATE INDEX endpoints_sight ON endpoints (org_path, created_at, id) WHERE state <> 'removed';

-- Signing secrets, sealed with the endpoint's id. While one is replaced, both sign.
CREATE TABLE endpoint_secrets (
    endpoint_id uuid NOT NULL REFERENCES endpoints,
    generation  integer NOT NULL,
    sealed      bytea NOT NULL,
    valid_until timestamptz, -- null: the current one
    PRIMARY KEY (endpoint_id, generation)
);
CREATE UNIQUE INDEX endpoint_secrets_current ON endpoint_secrets (endpoint_id) WHERE valid_until IS NULL;

-- Facts as CloudEvents, in the very bytes that are signed and sent. Those that
-- nobody sees in the feed, such as a test, have an empty sight.
CREATE TABLE events (
    event_id   uuid PRIMARY KEY,
    arrival    bigint GENERATED ALWAYS AS IDENTITY,
    type       text NOT NULL,
    document   text NOT NULL CHECK (octet_length(document) < 20480),
    sight      text[] COLLATE "C" NOT NULL, -- paths of the organisations that see it
    numbered   boolean NOT NULL, -- its places in the feeds are given
    created_at timestamptz NOT NULL
);
CREATE INDEX events_unnumbered ON events (arrival) WHERE NOT numbered;
CREATE INDEX events_created ON events USING brin (created_at) WITH (autosummarize = on);

-- Places in each organisation's feed, given by one writer at a time: what is
-- visible at a number never gets a neighbour below it.
CREATE TABLE feed (
    org_path text COLLATE "C" NOT NULL,
    feed_seq bigint NOT NULL,
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    PRIMARY KEY (org_path, feed_seq)
);
CREATE UNIQUE INDEX feed_event ON feed (event_id, org_path);

-- The last number of each feed; it stays when old places are purged.
CREATE TABLE feed_heads (
    org_path text COLLATE "C" PRIMARY KEY,
    last_seq bigint NOT NULL
);

CREATE TABLE deliveries (
    id          uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES endpoints,
    event_id    uuid NOT NULL REFERENCES events,
    type        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    reason      text NOT NULL DEFAULT '', -- of the last failure, or of the end
    tries       integer NOT NULL DEFAULT 0, -- since it began or was replayed
    attempt     integer NOT NULL DEFAULT 0, -- number of the last attempt, over all replays
    next_at     timestamptz,
    taken_until timestamptz, -- a process is sending it until then; later, that process has died
    created_at  timestamptz NOT NULL,
    UNIQUE (endpoint_id, event_id),
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK (state = 'pending' OR taken_until IS NULL),
    CHECK ((state = 'dead') <= (reason <> ''))
);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_taken ON deliveries (endpoint_id, taken_until) WHERE taken_until IS NOT NULL;
CREATE INDEX deliveries_log ON deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX deliveries_event ON deliveries (event_id);
CREATE INDEX deliveries_created ON deliveries USING brin (created_at) WITH (autosummarize = on);

-- A number that is missing is an attempt whose process died before it knew the answer.
CREATE TABLE attempts (
    delivery_id uuid NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    n           integer NOT NULL,
    at          timestamptz NOT NULL,
    status_code integer NOT NULL, -- 0: no answer
    reason      text NOT NULL, -- empty: delivered
    duration_ms bigint NOT NULL,
    answer      text NOT NULL CHECK (octet_length(answer) <= 1024), -- an excerpt, secrets removed
    PRIMARY KEY (delivery_id, n)
);

-- Owned by pkg/idempotency.
CREATE TABLE idempotency (
    key        text COLLATE "C" PRIMARY KEY,
    body_hash  text NOT NULL,
    answer     jsonb, -- null only inside the transaction that answers
    created_at timestamptz NOT NULL
);
CREATE INDEX idempotency_created ON idempotency USING brin (created_at) WITH (autosummarize = on);

-- +goose Down
DROP TABLE idempotency, attempts, deliveries, feed_heads, feed, events, endpoint_secrets, endpoints;
