-- Purpose: service sessions, from which person-times are counted.
-- Lock risk: none, the table is new.

-- +goose Up
-- What was really done, without a word about whom it was done for.
CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    org_code    text NOT NULL,
    org_path    text COLLATE "C" NOT NULL, -- sight is a range of it
    held_on     date NOT NULL,
    minutes     integer NOT NULL CHECK (minutes > 0),
    people      integer NOT NULL CHECK (people > 0),  -- served: person-times
    helpers     integer NOT NULL CHECK (helpers > 0), -- who gave it
    mode        text NOT NULL CHECK (mode IN ('remote', 'onsite')),
    is_group    boolean NOT NULL,
    category    text NOT NULL,
    region_code text NOT NULL,
    campaign    text NOT NULL,
    match_id    uuid,
    source      text NOT NULL,
    source_id   text NOT NULL,
    flags       text[] NOT NULL, -- what was unusual and confirmed
    void_reason text, -- null: it counts
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX sessions_sight ON sessions (org_path, held_on);
CREATE INDEX sessions_list ON sessions (held_on DESC, id DESC);
CREATE UNIQUE INDEX sessions_source ON sessions (org_path, source, source_id) WHERE source_id <> '';
CREATE POLICY own ON sessions USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- +goose Down
DROP TABLE sessions;
