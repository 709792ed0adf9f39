-- Purpose: the tables of the plumbing: what pkg/inbox keeps in this schema.
-- Lock risk: none, the tables are new.

-- +goose Up
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
DROP TABLE dead_letters, inbox;
