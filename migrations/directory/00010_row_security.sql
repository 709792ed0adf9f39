-- Purpose: who acts sees their organisation and those below, with people, keys and audit chains.
-- Lock risk: every table is locked for a moment; no row is read or written.

-- Who acts is in the settings that pkg/pg makes with BEGIN (pg.Acting): a range
-- of organisation paths, a class, and the one thing that a token speaks for. They
-- are read in sub-selects, once a query. CASE keeps the planner from guessing that
-- few rows are in a range that it does not know: it would sort a province to show
-- a page of it. pg.Migrate puts every table behind row security: what has no
-- policy here is the worker's alone.

-- +goose Up
CREATE POLICY sight ON organisation USING (
    CASE WHEN path >= (SELECT current_setting('heli.path', true)) THEN path < (SELECT current_setting('heli.path_end', true)) END);
CREATE POLICY sight ON person_role USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id));
CREATE POLICY sight ON person USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id)
    OR EXISTS (SELECT FROM person_role r WHERE r.person_id = person.id AND r.withdrawn_at IS NULL));
CREATE POLICY sight ON api_key USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id));
CREATE POLICY sight ON login USING (EXISTS (SELECT FROM person p WHERE p.id = person_id));
CREATE POLICY sight ON audit USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id));
CREATE POLICY sight ON audit_head USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id));
CREATE POLICY sight ON alert USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- Campaigns go across organisations: staff read who takes part in which, start
-- them and add organisations that they see.
CREATE POLICY staff ON campaign USING ((SELECT current_setting('heli.class', true)) IN ('staff', 'system'));
CREATE POLICY sight ON campaign_organisation USING (EXISTS (SELECT FROM organisation o WHERE o.id = organisation_id));
CREATE POLICY staff ON campaign_organisation FOR SELECT USING ((SELECT current_setting('heli.class', true)) IN ('staff', 'system'));

-- Reference data belong to no organisation. Its version is counted by who
-- registers one that coordinates.
CREATE POLICY everybody ON region FOR SELECT USING (true);
CREATE POLICY everybody ON category FOR SELECT USING (true);
CREATE POLICY everybody ON item FOR SELECT USING (true);
CREATE POLICY everybody ON campaign FOR SELECT USING (true);
CREATE POLICY everybody ON reference USING (true);

-- +goose Down
DROP POLICY staff ON campaign_organisation;
DROP POLICY sight ON campaign_organisation;
DROP POLICY staff ON campaign;
DROP POLICY sight ON alert;
DROP POLICY everybody ON reference;
DROP POLICY everybody ON campaign;
DROP POLICY everybody ON item;
DROP POLICY everybody ON category;
DROP POLICY everybody ON region;
DROP POLICY sight ON audit_head;
DROP POLICY sight ON audit;
DROP POLICY sight ON login;
DROP POLICY sight ON api_key;
DROP POLICY sight ON person;
DROP POLICY sight ON person_role;
DROP POLICY sight ON organisation;
