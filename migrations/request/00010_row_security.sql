-- Purpose: who acts sees the requests of their organisation and those below, that of their token, and what others share.
-- Lock risk: every table is locked for a moment; no row is read or written.

-- Who acts is in the settings that pkg/pg makes with BEGIN (pg.Acting): a range
-- of organisation paths, a class, and the one thing that a token speaks for. They
-- are read in sub-selects, once a query. CASE keeps the planner from guessing that
-- few rows are in a range that it does not know: it would sort a province to show
-- a page of it. pg.Migrate puts every table behind row security: what has no
-- policy here is the worker's alone.

-- +goose Up
-- The helper of a match whose contact was released reads that request's. Both run
-- as their owner: a policy cannot ask tables whose policies ask it.
CREATE FUNCTION released_request(match uuid) RETURNS uuid LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT n.request_id FROM line_matches m JOIN need_lines n ON n.id = m.need_line_id WHERE m.match_id = match AND m.released
$$;
-- A referral takes a request out of the sight of who refers it, which no policy
-- lets an UPDATE do.
CREATE FUNCTION hand_over(request uuid, to_code text, to_path text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    UPDATE requests SET org_code = to_code, org_path = to_path
    WHERE id = request AND org_path >= current_setting('heli.path', true) AND org_path < current_setting('heli.path_end', true)
$$;

-- No pattern may be compared in an index before the policy has been: only titles
-- that are rare are looked up so, past it, and nothing of them is shown but by it.
-- How rare they are the planner guesses from the pattern itself.
-- +goose StatementBegin
CREATE FUNCTION titled(pattern text, most int) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN (SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END
        FROM (SELECT id FROM requests WHERE title ILIKE pattern LIMIT most + 1) AS found);
END
$$;
-- +goose StatementEnd

CREATE POLICY sight ON requests FOR SELECT USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
    OR id = (SELECT released_request((SELECT nullif(current_setting('heli.subject', true), '')::uuid)))
    OR (sharing = 'network' AND (SELECT current_setting('heli.class', true)) = 'staff'));
CREATE POLICY change ON requests FOR UPDATE USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));
CREATE POLICY sight ON need_lines FOR SELECT USING (EXISTS (SELECT FROM requests r WHERE r.id = request_id));
CREATE POLICY sight ON line_matches FOR SELECT USING (EXISTS (SELECT FROM need_lines n WHERE n.id = need_line_id));

-- Not with those who see a request because it is shared.
CREATE POLICY own ON contacts USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
        OR r.id = (SELECT released_request((SELECT nullif(current_setting('heli.subject', true), '')::uuid))))));
CREATE POLICY own ON person_keys USING (EXISTS (
    SELECT FROM requests r WHERE r.id = subject_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
        OR r.id = (SELECT released_request((SELECT nullif(current_setting('heli.subject', true), '')::uuid))))));
CREATE POLICY own ON notes USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
        OR r.id = (SELECT released_request((SELECT nullif(current_setting('heli.subject', true), '')::uuid))))));
CREATE POLICY own ON history USING (EXISTS (
    SELECT FROM requests r WHERE r.id = subject_id AND (
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR r.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
        OR r.id = (SELECT released_request((SELECT nullif(current_setting('heli.subject', true), '')::uuid))))));

-- Whoever changes something says so; only the relay reads it.
CREATE POLICY add ON outbox FOR INSERT WITH CHECK (true);

-- A key is its owner's: of who acts, by path or token. Those of before have none,
-- and a repeat of one is a conflict.
ALTER TABLE idempotency ADD COLUMN owner text COLLATE "C" NOT NULL
    DEFAULT coalesce(nullif(current_setting('heli.path', true), ''), current_setting('heli.subject', true), '');
CREATE POLICY own ON idempotency USING (
    CASE WHEN owner >= (SELECT current_setting('heli.path', true)) THEN owner < (SELECT current_setting('heli.path_end', true)) END
    OR owner = (SELECT nullif(current_setting('heli.subject', true), '')));

-- +goose Down
ALTER TABLE idempotency DROP COLUMN owner CASCADE;
DROP POLICY add ON outbox;
DROP POLICY own ON history;
DROP POLICY own ON notes;
DROP POLICY own ON person_keys;
DROP POLICY own ON contacts;
DROP POLICY sight ON line_matches;
DROP POLICY sight ON need_lines;
DROP POLICY change ON requests;
DROP POLICY sight ON requests;
DROP FUNCTION titled, hand_over, released_request;
