-- Purpose: who acts sees the matches of both owners, their own and shared needs and offers, and reserves for them.
-- Lock risk: every table is locked for a moment; no row is read or written.

-- Who acts is in the settings that pkg/pg makes with BEGIN (pg.Acting): a range
-- of organisation paths, a class, and the one thing that a token speaks for. They
-- are read in sub-selects, once a query. CASE keeps the planner from guessing that
-- few rows are in a range that it does not know: it would sort a province to show
-- a page of it. pg.Migrate puts every table behind row security: what has no
-- policy here is the worker's alone.

-- +goose Up
CREATE POLICY sight ON matches USING (
    CASE WHEN request_path >= (SELECT current_setting('heli.path', true)) THEN request_path < (SELECT current_setting('heli.path_end', true)) END
    OR CASE WHEN offer_path >= (SELECT current_setting('heli.path', true)) THEN offer_path < (SELECT current_setting('heli.path_end', true)) END
    OR request_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
    OR offer_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));
CREATE POLICY sight ON history USING (EXISTS (SELECT FROM matches m WHERE m.id = subject_id));

CREATE POLICY sight ON requests USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR (document ->> 'sharing' = 'network' AND (SELECT current_setting('heli.class', true)) = 'staff'));
CREATE POLICY sight ON offers USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR (document ->> 'sharing' = 'network' AND (SELECT current_setting('heli.class', true)) = 'staff'));

-- What is reserved follows a request or offer that is seen, or a match with it:
-- each side of a match frees both.
CREATE POLICY sight ON needs USING (
    EXISTS (SELECT FROM requests r WHERE r.request_id = needs.request_id)
    OR EXISTS (SELECT FROM matches m WHERE m.need_line_id = needs.need_line_id));
CREATE POLICY sight ON offer_lines FOR SELECT USING (
    EXISTS (SELECT FROM offers o WHERE o.offer_id = offer_lines.offer_id)
    OR EXISTS (SELECT FROM matches m WHERE m.offer_line_id = offer_lines.offer_line_id));
CREATE POLICY sight ON capacity USING (EXISTS (SELECT FROM offer_lines l WHERE l.offer_line_id = capacity.offer_line_id));
CREATE POLICY sight ON refused USING (
    EXISTS (SELECT FROM requests r WHERE r.request_id = refused.request_id)
    OR EXISTS (SELECT FROM offers o WHERE o.offer_id = refused.offer_id)
    OR EXISTS (SELECT FROM matches m WHERE m.request_id = refused.request_id AND m.offer_id = refused.offer_id));
-- Counts under a keyed digest, of no organisation: others learn "busy" alone.
CREATE POLICY everybody ON helper_load USING (true);

CREATE POLICY sight ON plans USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);
-- A policy concerns whoever is below it, up to that of the installation.
CREATE POLICY sight ON policies FOR SELECT USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR starts_with((SELECT current_setting('heli.path', true)), org_path));
CREATE POLICY change ON policies FOR INSERT WITH CHECK (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END
    OR (org_path = '' AND (SELECT current_setting('heli.path', true)) = 'root/'));

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
DROP POLICY change ON policies;
DROP POLICY sight ON policies;
DROP POLICY sight ON plans;
DROP POLICY everybody ON helper_load;
DROP POLICY sight ON refused;
DROP POLICY sight ON capacity;
DROP POLICY sight ON offer_lines;
DROP POLICY sight ON needs;
DROP POLICY sight ON offers;
DROP POLICY sight ON requests;
DROP POLICY sight ON history;
DROP POLICY sight ON matches;
