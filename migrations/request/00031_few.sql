-- Purpose: let few() tell its parameter language from the column that requests got since.
-- Lock risk: none, it replaces a function.

-- +goose Up
DROP FUNCTION few;
-- +goose StatementBegin
CREATE FUNCTION few(title_like text, pair_1 text[], pair_2 text[], pair_3 text[], of_category text[], of_language text[], most int)
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
        WHERE stage <> 'closed' AND (of_category IS NULL OR facets && of_category) AND (of_language IS NULL OR facets && of_language)
        LIMIT most + 1) AS found);
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION few;
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
        WHERE stage <> 'closed' AND (category IS NULL OR facets && few.category) AND (few.language IS NULL OR facets && few.language)
        LIMIT most + 1) AS found);
END
$$;
-- +goose StatementEnd
