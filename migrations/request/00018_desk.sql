-- Purpose: what coordinators put beside a request: attachments, mentions of
-- colleagues in notes, and links between requests that ask for the same.
-- Lock risk: requests is locked whole for a moment to get a column with a constant
-- default; writing to it waits while its index is built, a second for each million
-- rows. The other tables are new.

-- +goose Up
ALTER TABLE requests ADD COLUMN repeats integer NOT NULL DEFAULT 0 CHECK (repeats >= 0); -- how many others are linked to it
-- What else was asked for around here lately.
CREATE INDEX requests_around ON requests (region_code, created_at);

-- Name and content are sealed under a key of their own in person_keys, whose
-- subject is the attachment: a contact that is corrected takes a new key.
CREATE TABLE attachments (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL,
    at          timestamptz NOT NULL,
    author_id   text NOT NULL,
    author_name text NOT NULL,
    media_type  text NOT NULL,
    bytes       integer NOT NULL CHECK (bytes > 0), -- of the content in clear
    name        bytea NOT NULL,
    content     bytea NOT NULL
);
CREATE INDEX attachments_request ON attachments (request_id, at);
-- Sealed bytes do not get smaller.
ALTER TABLE attachments ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE mentions (
    note_id    uuid NOT NULL,
    person_id  uuid NOT NULL, -- who is mentioned
    request_id uuid NOT NULL,
    at         timestamptz NOT NULL,
    seen_at    timestamptz,
    PRIMARY KEY (note_id, person_id)
);
CREATE INDEX mentions_person ON mentions (person_id, at);
CREATE INDEX mentions_request ON mentions (request_id);

-- Each link stands here twice, once from either side.
CREATE TABLE duplicates (
    request_id uuid NOT NULL,
    other_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    PRIMARY KEY (request_id, other_id),
    CHECK (request_id <> other_id)
);

-- Requests that may ask for the same as another one: of the same phone, with a
-- title alike, or around there at about that time. It runs as its owner, since a
-- policy keeps patterns out of indexes; it looks in a range of paths, and nothing
-- of what it finds is shown but by the policy.
-- +goose StatementBegin
CREATE FUNCTION alike(below text, below_end text, of_phone text, of_title text, of_region text, after timestamptz, before timestamptz, most int)
    RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN ARRAY(
        (SELECT r.id FROM contacts c JOIN requests r ON r.id = c.request_id
            WHERE c.phone_index = of_phone AND r.org_path >= below AND r.org_path < below_end
            ORDER BY r.created_at DESC LIMIT most)
        UNION
        (SELECT r.id FROM requests r
            WHERE of_title <> '' AND r.title OPERATOR(public.%) of_title AND r.created_at BETWEEN after AND before
                AND r.org_path >= below AND r.org_path < below_end
            ORDER BY public.similarity(r.title, of_title) DESC, r.created_at DESC LIMIT most)
        UNION
        (SELECT r.id FROM requests r
            WHERE r.region_code = of_region AND r.created_at BETWEEN after AND before
                AND r.org_path >= below AND r.org_path < below_end
            ORDER BY r.created_at DESC LIMIT most));
END
$$;
-- +goose StatementEnd

-- All three are for those alone whose request it is or who stand above.
CREATE POLICY own ON attachments USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));
CREATE POLICY attached ON person_keys USING (EXISTS (SELECT FROM attachments a WHERE a.id = subject_id));
CREATE POLICY own ON mentions USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));
CREATE POLICY own ON duplicates USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));

-- Staff who edit add lines to what is theirs.
CREATE POLICY add ON need_lines FOR INSERT WITH CHECK (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));
CREATE POLICY change ON need_lines FOR UPDATE USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));

-- +goose Down
DROP POLICY change ON need_lines;
DROP POLICY add ON need_lines;
DROP POLICY attached ON person_keys;
DROP FUNCTION alike;
DELETE FROM person_keys WHERE subject_id IN (SELECT id FROM attachments);
DROP TABLE duplicates, mentions, attachments;
DROP INDEX requests_around;
ALTER TABLE requests DROP COLUMN repeats;
