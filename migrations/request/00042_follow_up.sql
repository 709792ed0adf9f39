-- Purpose: the requests to follow up are a queue as fast as the others, and counted as fast, with tens of thousands due at once.
-- Lock risk: requests is locked whole for a moment for a column without a default, then
-- those with a date are rewritten; writing to it waits while two small indexes are
-- built, a second for each million rows.

-- +goose Up
-- The date of follow_ups, where it stays: to look there for each row of a list would
-- have the planner look behind its policy too.
ALTER TABLE requests ADD COLUMN follow_up_at timestamptz; -- null: none
UPDATE requests r SET follow_up_at = f.due_at FROM follow_ups f WHERE f.request_id = r.id;

-- In the order of the queue, with all that filters and policies ask, as requests_queue.
CREATE INDEX requests_to_follow ON requests (urgency_rank, created_at, id)
    INCLUDE (follow_up_at, org_path, sharing, state, region_code, campaign, source, claimed_by, facets) WHERE follow_up_at IS NOT NULL AND stage <> 'closed';
-- The few that are due among many that are not; it counts them too.
CREATE INDEX requests_follow_up_at ON requests (follow_up_at) INCLUDE (org_path) WHERE follow_up_at IS NOT NULL AND stage <> 'closed';

-- By triggers, so that no statement can forget it. They run as their owner: who acts
-- may set the date of a request that the service itself changes.
-- +goose StatementBegin
CREATE FUNCTION follow_up_set() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE requests r SET follow_up_at = n.due_at FROM new_rows n WHERE r.id = n.request_id AND r.follow_up_at IS DISTINCT FROM n.due_at;
    RETURN NULL;
END
$$;
CREATE FUNCTION follow_up_ended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE requests r SET follow_up_at = NULL FROM old_rows o WHERE r.id = o.request_id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER follow_up_made AFTER INSERT ON follow_ups REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION follow_up_set();
CREATE TRIGGER follow_up_moved AFTER UPDATE ON follow_ups REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION follow_up_set();
CREATE TRIGGER follow_up_ended AFTER DELETE ON follow_ups REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION follow_up_ended();

-- How many below a path are due, of those that who acts sees. It runs as its owner,
-- within the same bounds: with the policy asked of each row, counting twenty thousand
-- took longer than the rest of the page.
-- +goose StatementBegin
CREATE FUNCTION count_due(below text, below_end text, due timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    first_path text COLLATE "C" := greatest(below COLLATE "C", current_setting('heli.path', true) COLLATE "C");
    last_path  text COLLATE "C" := least(below_end COLLATE "C", coalesce(current_setting('heli.path_end', true), '') COLLATE "C");
BEGIN
    RETURN (SELECT count(*) FROM requests WHERE stage <> 'closed' AND follow_up_at <= due AND org_path >= first_path AND org_path < last_path);
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION count_due;
DROP TRIGGER follow_up_ended ON follow_ups;
DROP TRIGGER follow_up_moved ON follow_ups;
DROP TRIGGER follow_up_made ON follow_ups;
DROP FUNCTION follow_up_ended, follow_up_set;
DROP INDEX requests_follow_up_at, requests_to_follow;
ALTER TABLE requests DROP COLUMN follow_up_at;
