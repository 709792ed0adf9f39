-- Purpose: requests of which a match waits for its helper are queues as fast as the others: those that await an answer, and those that are stuck.
-- Lock risk: requests is locked whole for a moment for columns without a default, then
-- those with a proposal are rewritten; writing to it and to line_matches waits while
-- four small indexes are built, a second for each million rows.

-- +goose Up
-- What the matcher says of a match; not told by facts of before, which the service
-- completes by asking (null offer_org).
ALTER TABLE line_matches
    ADD COLUMN offer_org text, -- code of who owns the offer
    ADD COLUMN start_by  timestamptz; -- while accepted: later it is stuck
CREATE INDEX line_matches_untold ON line_matches (match_id)
    WHERE offer_org IS NULL AND state IN ('proposed', 'accepted', 'contact_released');

-- All three follow from line_matches, and are written with them: to join those for
-- each row of a list would have the planner look behind their policies too.
ALTER TABLE requests
    ADD COLUMN waits          jsonb NOT NULL DEFAULT '[]', -- matches that have not begun, as contract.Wait
    ADD COLUMN awaiting_since timestamptz, -- of the proposal that waits longest; null: none waits
    ADD COLUMN start_by       timestamptz; -- the first by which accepted help should have begun; null: none is accepted
UPDATE requests r SET awaiting_since = m.since, waits = m.waits FROM (
    SELECT n.request_id, min(m.state_at) AS since,
        jsonb_agg(jsonb_build_object('match_id', m.match_id, 'queue', 'awaiting', 'since', m.state_at) ORDER BY m.state_at, m.match_id) AS waits
    FROM line_matches m JOIN need_lines n ON n.id = m.need_line_id
    WHERE m.state = 'proposed' GROUP BY n.request_id) AS m
WHERE r.id = m.request_id;

-- In the order of the queue, with all that filters and policies ask, as requests_queue.
CREATE INDEX requests_awaiting ON requests (urgency_rank, created_at, id)
    INCLUDE (org_path, sharing, state, region_code, campaign, source, claimed_by, facets) WHERE awaiting_since IS NOT NULL AND stage <> 'closed';
CREATE INDEX requests_to_start ON requests (urgency_rank, created_at, id)
    INCLUDE (start_by, org_path, sharing, state, region_code, campaign, source, claimed_by, facets) WHERE start_by IS NOT NULL AND stage <> 'closed';
-- The few that are late among many that are not; it counts them too.
CREATE INDEX requests_start_by ON requests (start_by) INCLUDE (org_path) WHERE start_by IS NOT NULL AND stage <> 'closed';

-- How many below a path are late, of those that who acts sees. It runs as its owner,
-- within the same bounds: with the policy asked of each row, counting twenty thousand
-- took as long as the rest of the page.
-- +goose StatementBegin
CREATE FUNCTION count_late(below text, below_end text, late timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    first_path text COLLATE "C" := greatest(below COLLATE "C", current_setting('heli.path', true) COLLATE "C");
    last_path  text COLLATE "C" := least(below_end COLLATE "C", coalesce(current_setting('heli.path_end', true), '') COLLATE "C");
BEGIN
    RETURN (SELECT count(*) FROM requests WHERE stage <> 'closed' AND start_by < late AND org_path >= first_path AND org_path < last_path);
END
$$;
-- +goose StatementEnd

-- How many await an answer is counted as a state is, beside the one that each has.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, count(*) FROM (
        SELECT org_path, state FROM new_rows
        UNION ALL SELECT org_path, 'awaiting' FROM new_rows WHERE awaiting_since IS NOT NULL AND stage <> 'closed') AS counted
    GROUP BY org_path, state;
    INSERT INTO changed SELECT id FROM new_rows;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, sum(n) FROM (
        SELECT org_path, state, 1 AS n FROM new_rows UNION ALL SELECT org_path, state, -1 FROM old_rows
        UNION ALL SELECT org_path, 'awaiting', 1 FROM new_rows WHERE awaiting_since IS NOT NULL AND stage <> 'closed'
        UNION ALL SELECT org_path, 'awaiting', -1 FROM old_rows WHERE awaiting_since IS NOT NULL AND stage <> 'closed') AS moved
    GROUP BY org_path, state HAVING sum(n) <> 0;
    INSERT INTO changed SELECT id FROM new_rows;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, -count(*) FROM (
        SELECT org_path, state FROM old_rows
        UNION ALL SELECT org_path, 'awaiting' FROM old_rows WHERE awaiting_since IS NOT NULL AND stage <> 'closed') AS counted
    GROUP BY org_path, state;
    INSERT INTO changed SELECT id FROM old_rows;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
INSERT INTO tally SELECT org_path, 'awaiting', count(*) FROM requests WHERE awaiting_since IS NOT NULL AND stage <> 'closed' GROUP BY org_path;

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, count(*) FROM new_rows GROUP BY org_path, state;
    INSERT INTO changed SELECT id FROM new_rows;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, sum(n) FROM (
        SELECT org_path, state, 1 AS n FROM new_rows UNION ALL SELECT org_path, state, -1 FROM old_rows) AS moved
    GROUP BY org_path, state HAVING sum(n) <> 0;
    INSERT INTO changed SELECT id FROM new_rows;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, -count(*) FROM old_rows GROUP BY org_path, state;
    INSERT INTO changed SELECT id FROM old_rows;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DELETE FROM tally WHERE state = 'awaiting';
DROP FUNCTION count_late;
DROP INDEX requests_start_by, requests_to_start, requests_awaiting;
ALTER TABLE requests DROP COLUMN waits, DROP COLUMN awaiting_since, DROP COLUMN start_by;
DROP INDEX line_matches_untold;
ALTER TABLE line_matches DROP COLUMN offer_org, DROP COLUMN start_by;
