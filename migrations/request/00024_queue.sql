-- Purpose: the queue with any filter, and its counts, at a million requests; text is found in Chinese words of two characters.
-- Lock risk: requests is locked whole while its rows are given their facets and five
-- indexes are built: about a minute for each million rows. Run it while little comes in.

-- +goose Up
-- What a request is found by, besides its columns: "category:ppe", "language:yue".
ALTER TABLE requests ADD COLUMN facets text[] NOT NULL DEFAULT '{}';
UPDATE requests r SET facets = ARRAY(
    SELECT DISTINCT 'category:' || n.category FROM need_lines n WHERE n.request_id = r.id
    UNION SELECT 'language:' || l FROM unnest(r.languages) l);

-- The queue is walked in its order, and all that filters and policies ask is in
-- the index: a row that does not fit costs no look into the table.
DROP INDEX requests_queue;
CREATE INDEX requests_queue ON requests (urgency_rank, created_at, id)
    INCLUDE (org_path, sharing, state, region_code, campaign, source, claimed_by, facets) WHERE stage <> 'closed';
-- What is rare is not walked to, but looked up.
CREATE INDEX requests_state ON requests (state, urgency_rank, created_at, id);
CREATE INDEX requests_campaign ON requests (campaign, urgency_rank, created_at, id) WHERE campaign <> '' AND stage <> 'closed';
CREATE INDEX requests_by_source ON requests (source, urgency_rank, created_at, id) WHERE source <> '' AND stage <> 'closed';
CREATE INDEX requests_claimed_queue ON requests (claimed_by, urgency_rank, created_at, id) WHERE claimed_by IS NOT NULL AND stage <> 'closed';
CREATE INDEX requests_facets ON requests USING gin (facets) WHERE stage <> 'closed';

-- Neighbouring characters, where both are outside of what trigrams are good for:
-- most Chinese words have two.
CREATE FUNCTION pairs(title text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT pair), '{}')
    FROM (SELECT substr(title, i, 2) AS pair FROM generate_series(1, length(title) - 1) i) AS all_pairs
    WHERE octet_length(pair) >= 6
$$;
CREATE INDEX requests_pairs ON requests USING gin (pairs(title)) WHERE octet_length(title) >= 6;

-- The rows that fit, whoever sees them, when they are few; null when they are
-- many. Each null argument fits all. Overlap and likeness may not be compared in
-- an index before the policy has been: so it is done here, past it, and nothing
-- of these rows is shown but by it.
DROP FUNCTION titled;
-- +goose StatementBegin
CREATE FUNCTION few(title_like text, pair_1 text[], pair_2 text[], pair_3 text[], category text[], language text[], most int)
    RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF title_like IS NOT NULL THEN
        RETURN (SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END FROM (
            SELECT id FROM requests
            WHERE title ~* title_like AND (pair_1 IS NULL OR octet_length(title) >= 6)
                AND (pair_1 IS NULL OR pairs(title) && pair_1) AND (pair_2 IS NULL OR pairs(title) && pair_2)
                AND (pair_3 IS NULL OR pairs(title) && pair_3)
            LIMIT most + 1) AS found);
    END IF;
    RETURN (SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END FROM (
        SELECT id FROM requests
        WHERE stage <> 'closed' AND (category IS NULL OR facets && category) AND (language IS NULL OR facets && language)
        LIMIT most + 1) AS found);
END
$$;
-- +goose StatementEnd

-- How many requests an organisation has in each state, as a sum: whoever changes
-- requests adds rows, and nobody waits for another's. A worker joins them.
CREATE TABLE tally (
    org_path text COLLATE "C" NOT NULL,
    state    text NOT NULL,
    n        bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX tally_sight ON tally (org_path, state) INCLUDE (n);
INSERT INTO tally SELECT org_path, state, count(*) FROM requests GROUP BY org_path, state;
CREATE POLICY sight ON tally FOR SELECT USING (
    CASE WHEN org_path >= (SELECT current_setting('heli.path', true)) THEN org_path < (SELECT current_setting('heli.path_end', true)) END);

-- By triggers, so that no statement can forget it. They run as their owner: who
-- acts may change a request, and count none.
-- +goose StatementBegin
CREATE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, count(*) FROM new_rows GROUP BY org_path, state;
    RETURN NULL;
END
$$;
CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, sum(n) FROM (
        SELECT org_path, state, 1 AS n FROM new_rows UNION ALL SELECT org_path, state, -1 FROM old_rows) AS moved
    GROUP BY org_path, state HAVING sum(n) <> 0;
    RETURN NULL;
END
$$;
CREATE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, -count(*) FROM old_rows GROUP BY org_path, state;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER count_new AFTER INSERT ON requests REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_new();
CREATE TRIGGER count_changed AFTER UPDATE ON requests REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed();
CREATE TRIGGER count_gone AFTER DELETE ON requests REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_gone();

-- +goose Down
DROP TRIGGER count_new ON requests;
DROP TRIGGER count_changed ON requests;
DROP TRIGGER count_gone ON requests;
DROP FUNCTION count_new, count_changed, count_gone;
DROP TABLE tally;
DROP FUNCTION few;
-- +goose StatementBegin
CREATE FUNCTION titled(pattern text, most int) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN (SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END
        FROM (SELECT id FROM requests WHERE title ILIKE pattern LIMIT most + 1) AS found);
END
$$;
-- +goose StatementEnd
DROP INDEX requests_pairs;
DROP FUNCTION pairs;
DROP INDEX requests_facets, requests_claimed_queue, requests_by_source, requests_campaign, requests_state, requests_queue;
CREATE INDEX requests_queue ON requests (urgency_rank, created_at, id) INCLUDE (org_path, state) WHERE stage <> 'closed';
ALTER TABLE requests DROP COLUMN facets;
