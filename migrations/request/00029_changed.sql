-- Purpose: whoever holds requests in memory reads which of them changed since, and misses none.
-- Lock risk: none, the table is new; the trigger functions are replaced in a moment.

-- +goose Up
-- One row for each change of a request, under the number of its transaction: a reader
-- knows by its snapshot which of them it has seen, in whatever order they commit. It is
-- kept for an hour; who comes later reads all requests. Without a policy, for it is
-- the worker's alone.
CREATE TABLE changed (
    request_id uuid NOT NULL,
    at         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at   timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX changed_at ON changed (at);

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

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, count(*) FROM new_rows GROUP BY org_path, state;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, sum(n) FROM (
        SELECT org_path, state, 1 AS n FROM new_rows UNION ALL SELECT org_path, state, -1 FROM old_rows) AS moved
    GROUP BY org_path, state HAVING sum(n) <> 0;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally SELECT org_path, state, -count(*) FROM old_rows GROUP BY org_path, state;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DROP TABLE changed;
