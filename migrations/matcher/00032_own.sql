-- Purpose: who complained takes along what they reported; of complaints about
-- oneself one learns the number alone.
-- Lock risk: complaints is locked for writing while its two indexes are built; it is small.

-- +goose Up
CREATE INDEX complaints_request ON complaints (request_id);
CREATE INDEX complaints_offer ON complaints (offer_id);
CREATE POLICY made ON complaints FOR SELECT USING (
    by_role = 'requester' AND request_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid)
    OR by_role IN ('offerer', 'answerer') AND offer_id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid));

-- Complaints about the person whose token asks, by nothing that tells who made
-- them. It runs as its owner: no policy shows them. It takes no argument, so that
-- nobody can ask about another.
-- +goose StatementBegin
CREATE FUNCTION complaints_about(OUT people bigint, OUT open bigint, OUT closed bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH me AS (SELECT nullif(current_setting('heli.subject', true), '')::uuid AS id)
    SELECT
        (SELECT count(DISTINCT CASE WHEN m.request_id = me.id THEN coalesce(nullif(m.helper_key, ''), m.offer_id::text)
                ELSE coalesce(nullif(m.requester_key, ''), m.request_id::text) END)
            FROM matches m WHERE (m.request_id = me.id OR m.offer_id = me.id)
                AND m.state NOT IN ('proposed', 'declined', 'hold_expired')),
        count(*) FILTER (WHERE c.state <> 'closed'), count(*) FILTER (WHERE c.state = 'closed')
    FROM me LEFT JOIN complaints c ON c.about = 'requester' AND c.request_id = me.id OR c.about = 'helper' AND c.offer_id = me.id
    GROUP BY me.id
$$;
-- +goose StatementEnd

-- Digests of keysets, of which nothing can be made: every session of a service
-- looks whether its keys are the newest.
CREATE POLICY everybody ON key_check FOR SELECT USING (true);

-- +goose Down
DROP POLICY everybody ON key_check;
DROP FUNCTION complaints_about;
DROP POLICY made ON complaints;
DROP INDEX complaints_offer, complaints_request;
