-- Purpose: how many hours of a helper's week matches take, and what limits helpers set, over all organisations.
-- Lock risk: matches is locked while its rows of hours, sessions and appointments are written, seconds for millions.

-- +goose Up
-- Where nobody says how long it takes, help counts as an hour; hours and sessions
-- count one each.
ALTER TABLE matches
    ADD COLUMN minutes bigint NOT NULL DEFAULT 60 CHECK (minutes > 0), -- of the helper's time, as agreed
    ADD COLUMN took    bigint CHECK (took >= 0);                       -- as reported
UPDATE matches SET minutes = quantity * 60 WHERE unit IN ('hour', 'session') AND quantity > 1;
UPDATE matches m SET minutes = greatest(extract(epoch FROM a.end_at - a.start_at)::bigint / 60, 1)
    FROM appointments a WHERE a.match_id = m.id AND NOT a.cancelled;

-- The limits of helpers who set any, by offer: a person may help in several
-- organisations and say something else in each, and the strictest binds all.
CREATE TABLE helper_limits (
    offer_id      uuid PRIMARY KEY,
    helper_key    text NOT NULL CHECK (helper_key <> ''),
    weekly_asks   bigint,
    weekly_hours  bigint,
    rest_days     bigint NOT NULL,
    heavy_hours   bigint NOT NULL
);
CREATE INDEX helper_limits_helper ON helper_limits (helper_key);
INSERT INTO helper_limits (offer_id, helper_key, weekly_asks, weekly_hours, rest_days, heavy_hours)
    SELECT offer_id, document ->> 'helper_key', (document ->> 'weekly_budget')::bigint, NULL, coalesce((document ->> 'rest_days')::bigint, 0), 0
    FROM offers WHERE document ->> 'helper_key' <> '' AND (document ->> 'weekly_budget' IS NOT NULL OR (document ->> 'rest_days')::bigint > 0);

-- The rows are the worker's alone. Whoever asks something of a helper is guarded
-- by what these functions say past the policies, and learns "busy" alone.
CREATE FUNCTION helper_limit(helper text) RETURNS TABLE (limited boolean, most_asks bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT count(*) > 0, min(l.weekly_asks) FROM helper_limits l WHERE l.helper_key = helper
$$;

-- What a helper's limits are and what is used of them in the week from a moment
-- on, without one match.
CREATE FUNCTION helper_week(helper text, without uuid, week timestamptz)
    RETURNS TABLE (most_asks bigint, most_minutes bigint, minutes bigint, rests_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT min(l.weekly_asks), min(l.weekly_hours) * 60,
        (SELECT coalesce(sum(coalesce(m.took, m.minutes)), 0)::bigint FROM matches m
            WHERE m.helper_key = helper AND helper <> '' AND m.id IS DISTINCT FROM without
                AND m.state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'confirmed', 'disputed')
                AND coalesce(m.at, m.created_at) >= week AND coalesce(m.at, m.created_at) < week + interval '7 days'),
        (SELECT max(h.at + r.rest_days * interval '24 hours') FROM helper_limits r
            JOIN matches m ON m.helper_key = r.helper_key AND coalesce(m.took, m.minutes) >= r.heavy_hours * 60
            JOIN history h ON h.subject_id = m.id AND h.move = 'report'
            WHERE r.helper_key = helper AND r.rest_days > 0 AND h.to_state <> 'failed')
    FROM helper_limits l WHERE l.helper_key = helper
$$;

-- +goose Down
DROP FUNCTION helper_week;
DROP FUNCTION helper_limit;
DROP TABLE helper_limits;
ALTER TABLE matches DROP COLUMN minutes, DROP COLUMN took;
