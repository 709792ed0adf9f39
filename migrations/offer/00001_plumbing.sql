-- Purpose: the tables of the plumbing: what pkg/outbox and pkg/inbox keep in this schema.
-- Lock risk: none, the tables are new.

-- +goose Up
-- Facts on their way to the stream. Owned by pkg/outbox, which documents every
-- column's use; a row is written in the transaction of the change it tells.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid NOT NULL UNIQUE,
    subject      text NOT NULL,
    payload      text NOT NULL, -- the event's JSON, byte for byte
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,   -- null: still to be published
    stream_seq   bigint,        -- where the stream stored it
    tries        integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz,   -- null: at once
    last_error   text
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
-- For what is rare and large: the purge, and publishing again.
CREATE INDEX outbox_published ON outbox USING brin (published_at, stream_seq) WITH (autosummarize = on);

-- The one stream that the published rows went to, as it was last seen: another
-- creation time means that it was lost, a smaller sequence that it is older.
CREATE TABLE outbox_stream (
    one               boolean PRIMARY KEY DEFAULT true CHECK (one),
    stream_created    timestamptz,
    last_seq          bigint NOT NULL DEFAULT 0,
    last_published_at timestamptz,
    checked_at        timestamptz
);
INSERT INTO outbox_stream DEFAULT VALUES;

-- Events whose effect is committed. Owned by pkg/inbox; a row is written in the
-- transaction of the effect.
CREATE TABLE inbox (
    consumer   text NOT NULL,
    event_id   uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled ON inbox USING brin (handled_at) WITH (autosummarize = on);

-- Messages that were put aside, to be seen and replayed. Owned by pkg/inbox;
-- pkg/outbox adds what cannot be published, as consumer 'outbox'.
CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer    text NOT NULL,
    event_id    uuid,           -- null: the message could not be read
    subject     text NOT NULL,
    payload     bytea NOT NULL, -- as it came, which may be no JSON at all
    reason      text NOT NULL,
    tries       integer NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (consumer, event_id);
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE replayed_at IS NULL;

-- +goose Down
DROP TABLE dead_letters, inbox, outbox_stream, outbox;
