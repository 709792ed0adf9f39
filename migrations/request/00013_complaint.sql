-- Purpose: the words of requesters about a helper.
-- Lock risk: none, the table is new.

-- +goose Up
-- What is written about somebody, by the requester or by staff.
CREATE TABLE complaints (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES requests ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    text       text NOT NULL
);
CREATE INDEX complaints_request ON complaints (request_id);

CREATE POLICY own ON complaints USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid))));

-- +goose Down
DROP TABLE complaints;
