-- Purpose: messages to people by mail and SMS, with their attempts.
-- Lock risk: none, the tables are new.

-- +goose Up
-- Where a message goes is asked for when it is sent and is stored nowhere here.
CREATE TABLE messages (
    id          uuid PRIMARY KEY, -- the Message-ID of its mail is made from it
    kind        text NOT NULL,
    thing       text NOT NULL CHECK (thing IN ('request', 'offer')), -- whose person gets it
    subject_id  uuid NOT NULL,
    about       uuid, -- the match or ask that it is about
    occasion    text NOT NULL, -- told once of each
    org_path    text COLLATE "C" NOT NULL, -- of the owner; sight is a range of it
    critical    boolean NOT NULL,
    code        text NOT NULL DEFAULT '', -- of the request or offer, once it was tried
    channel     text NOT NULL DEFAULT '' CHECK (channel IN ('', 'mail', 'sms')),
    person      text NOT NULL DEFAULT '', -- keyed digest of the address, to count by
    reserved_at timestamptz, -- counted against the person's week since then
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    reason      text NOT NULL DEFAULT '', -- of the last failure, or of the end
    tries       integer NOT NULL DEFAULT 0,
    attempt     integer NOT NULL DEFAULT 0, -- number of the last taking, also those that only had to wait
    next_at     timestamptz,
    ends_at     timestamptz, -- later it means nothing
    taken_until timestamptz, -- a process is sending it until then; later, that process has died
    created_at  timestamptz NOT NULL,
    UNIQUE (kind, subject_id, occasion),
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK (state = 'pending' OR taken_until IS NULL),
    CHECK ((state = 'dead') <= (reason <> ''))
);
CREATE INDEX messages_due ON messages (next_at) WHERE state = 'pending';
CREATE INDEX messages_log ON messages (org_path, created_at DESC, id DESC);
CREATE INDEX messages_subject ON messages (subject_id);
CREATE INDEX messages_person ON messages (person, reserved_at) WHERE reserved_at IS NOT NULL;
CREATE INDEX messages_created ON messages USING brin (created_at) WITH (autosummarize = on);

-- A number that is missing is an attempt that only had to wait, or whose process
-- died. What a server answers may name the person, and is not kept.
CREATE TABLE message_attempts (
    message_id  uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    n           integer NOT NULL,
    at          timestamptz NOT NULL,
    status_code integer NOT NULL, -- of SMTP or HTTP; 0: no answer
    reason      text NOT NULL, -- empty: delivered
    duration_ms bigint NOT NULL,
    PRIMARY KEY (message_id, n)
);

CREATE POLICY sight ON messages FOR SELECT USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);
CREATE POLICY sight ON message_attempts FOR SELECT USING (EXISTS (SELECT FROM messages m WHERE m.id = message_id));

-- +goose Down
DROP TABLE message_attempts, messages;
