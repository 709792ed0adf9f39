-- Purpose: who acts sees the webhooks of their organisation and those below, and its own feed.
-- Lock risk: every table is locked for a moment; no row is read or written.

-- Who acts is in the settings that pkg/pg makes with BEGIN (pg.Acting): a range
-- of organisation paths, a class, and the one thing that a token speaks for. They
-- are read in sub-selects, once a query. CASE keeps the planner from guessing that
-- few rows are in a range that it does not know: it would sort a province to show
-- a page of it. pg.Migrate puts every table behind row security: what has no
-- policy here is the worker's alone.

-- +goose Up
CREATE POLICY sight ON endpoints USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);
CREATE POLICY sight ON endpoint_secrets USING (EXISTS (SELECT FROM endpoints e WHERE e.id = endpoint_id));
CREATE POLICY sight ON deliveries USING (EXISTS (SELECT FROM endpoints e WHERE e.id = endpoint_id));
CREATE POLICY sight ON attempts FOR SELECT USING (EXISTS (SELECT FROM deliveries d WHERE d.id = delivery_id));
CREATE POLICY sight ON feed FOR SELECT USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);
CREATE POLICY sight ON events FOR SELECT USING ((SELECT current_setting('heli.path', true)) = ANY (sight));
-- A test of an endpoint is in nobody's feed.
CREATE POLICY add ON events FOR INSERT WITH CHECK (sight = '{}');

-- A key is its owner's: of who acts, by path or token. Those of before have none,
-- and a repeat of one is a conflict.
ALTER TABLE idempotency ADD COLUMN owner text COLLATE "C" NOT NULL
    DEFAULT coalesce(nullif(current_setting('heli.path', true), ''), current_setting('heli.subject', true), '');
CREATE POLICY own ON idempotency USING (
    CASE WHEN owner >= (SELECT current_setting('heli.path', true)) THEN owner < (SELECT current_setting('heli.path_end', true)) END
    OR owner = (SELECT nullif(current_setting('heli.subject', true), '')));

-- +goose Down
ALTER TABLE idempotency DROP COLUMN owner CASCADE;
DROP POLICY add ON events;
DROP POLICY sight ON events;
DROP POLICY sight ON feed;
DROP POLICY sight ON attempts;
DROP POLICY sight ON deliveries;
DROP POLICY sight ON endpoint_secrets;
DROP POLICY sight ON endpoints;
