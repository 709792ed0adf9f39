-- Purpose: the words of those who offer about a requester, and helpers whose
-- offers rest because of a complaint.
-- Lock risk: offers is locked for a moment; a column with a constant default
-- rewrites nothing.

-- +goose Up
-- What is written about somebody, by who offers or by staff.
CREATE TABLE complaints (
    id       uuid PRIMARY KEY,
    offer_id uuid NOT NULL REFERENCES offers ON DELETE CASCADE,
    at       timestamptz NOT NULL,
    text     text NOT NULL
);
CREATE INDEX complaints_offer ON complaints (offer_id);

-- Which complaints an offer rests for; none lets it go on.
ALTER TABLE offers ADD COLUMN suspended_by uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX offers_suspended ON offers (id) WHERE suspended_by <> '{}';

-- The phones of suspended helpers, as keyed digests: offers that come later rest too.
CREATE TABLE suspensions (
    complaint_id uuid PRIMARY KEY,
    phone_index  text NOT NULL,
    lifted       boolean NOT NULL,
    at           timestamptz NOT NULL
);
CREATE INDEX suspensions_phone ON suspensions (phone_index) WHERE NOT lifted;

-- Who holds the token of a match complains with its offer, which they do not see.
CREATE FUNCTION answered_offer(match uuid) RETURNS uuid LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.offer_id FROM line_matches m JOIN offer_lines l ON l.id = m.offer_line_id WHERE m.match_id = match
$$;

CREATE POLICY own ON complaints USING (EXISTS (
    SELECT FROM offers o WHERE o.id = offer_id AND (
        CASE WHEN o.org_path >= (SELECT current_setting('heli.path', true)) THEN o.org_path < (SELECT current_setting('heli.path_end', true)) END
        OR o.id = (SELECT nullif(current_setting('heli.subject', true), '')::uuid))));
CREATE POLICY answer ON complaints FOR INSERT WITH CHECK (
    offer_id = (SELECT answered_offer((SELECT nullif(current_setting('heli.subject', true), '')::uuid))));
-- Digests of no organisation: who corrects a phone learns that the offer rests.
CREATE POLICY everybody ON suspensions FOR SELECT USING (true);

-- +goose Down
DROP TABLE suspensions, complaints;
DROP FUNCTION answered_offer;
DROP INDEX offers_suspended;
ALTER TABLE offers DROP COLUMN suspended_by;
