-- Purpose: complaints, whom they keep apart, and the key by which a requester is
-- recognised across organisations. Projections are fetched anew to learn it.
-- Lock risk: matches is locked for a moment; requests that have not ended are
-- written once, a few seconds for a million; writes to offers wait while their
-- index is built, as long.

-- +goose Up
ALTER TABLE matches ADD COLUMN requester_key text NOT NULL DEFAULT '';
CREATE INDEX matches_helper ON matches (helper_key) WHERE helper_key <> '';
CREATE INDEX offers_helper ON offers ((document ->> 'helper_key'));
UPDATE requests SET version = 0 WHERE document IS NOT NULL;

-- What somebody said of the other side of a match, without the words: they are
-- with the request or offer of who complains.
CREATE TABLE complaints (
    id             uuid PRIMARY KEY,
    match_id       uuid NOT NULL REFERENCES matches,
    match_code     text NOT NULL,
    request_id     uuid NOT NULL,
    offer_id       uuid NOT NULL,
    kind           text NOT NULL,
    by_role        text NOT NULL,
    about          text NOT NULL CHECK (about IN ('helper', 'requester')),
    org_path       text COLLATE "C" NOT NULL, -- of the organisation that answers for it
    keeper         text NOT NULL CHECK (keeper IN ('request', 'offer')),
    state          text NOT NULL,
    outcome        text NOT NULL DEFAULT '',
    version        bigint NOT NULL,
    apart          boolean NOT NULL, -- the two are never matched
    pausing        boolean NOT NULL, -- the helper's offers are to rest
    paused         boolean NOT NULL DEFAULT false, -- and do, by the offer service's word
    requester_key  text NOT NULL,
    helper_key     text NOT NULL,
    responsible_id text NOT NULL DEFAULT '',
    responsible    text NOT NULL DEFAULT '',
    held_by_id     text NOT NULL DEFAULT '',
    held_by        text NOT NULL DEFAULT '',
    due            boolean NOT NULL, -- not all that follows from it is done
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE INDEX complaints_due ON complaints (id) WHERE due;
CREATE INDEX complaints_sight ON complaints (org_path, state);
CREATE INDEX complaints_match ON complaints (match_id);

-- Whom a complaint keeps apart, by keyed digests of phones: in all organisations,
-- now and later. No requester means everybody: the helper is suspended.
CREATE TABLE blocks (
    complaint_id  uuid NOT NULL REFERENCES complaints,
    helper_key    text NOT NULL CHECK (helper_key <> ''),
    requester_key text NOT NULL,
    lifted        boolean NOT NULL DEFAULT false,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (helper_key, requester_key, complaint_id)
);
CREATE INDEX blocks_changed ON blocks (changed_at);
CREATE INDEX blocks_complaint ON blocks (complaint_id);

CREATE POLICY sight ON complaints USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);
-- Digests of no organisation: who proposes learns that the two are not to be matched.
CREATE POLICY everybody ON blocks FOR SELECT USING (true);

-- +goose Down
DROP TABLE blocks, complaints;
DROP INDEX offers_helper, matches_helper;
ALTER TABLE matches DROP COLUMN requester_key;
