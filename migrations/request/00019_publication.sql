-- Purpose: what staff put on the public board of requests, in words of their own.
-- Lock risk: none, the table is new.

-- +goose Up
-- Everything in it is public: what is not to be read by everybody is not copied here.
CREATE TABLE publications (
    subject_id  uuid PRIMARY KEY, -- the request
    code        text NOT NULL,
    at          timestamptz NOT NULL,
    shown       boolean NOT NULL, -- false while it is on the board no more, or not yet
    title       text NOT NULL,
    summary     text NOT NULL,
    categories  text[] NOT NULL, -- of the lines
    lines       jsonb NOT NULL,
    urgency     text NOT NULL, -- empty for offers
    mode        text NOT NULL,
    region_code text NOT NULL,
    lat         double precision, -- moved by up to a kilometre
    lon         double precision,
    CHECK ((lat IS NULL) = (lon IS NULL))
);
CREATE INDEX publications_board ON publications (at DESC, subject_id DESC) WHERE shown;
CREATE INDEX publications_code ON publications (code);

CREATE POLICY board ON publications FOR SELECT USING (true);
CREATE POLICY own ON publications USING (EXISTS (
    SELECT FROM requests t WHERE t.id = subject_id AND (
        CASE WHEN t.org_path >= (SELECT current_setting('heli.path', true)) THEN t.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR t.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid))));

-- +goose Down
DROP TABLE publications;
