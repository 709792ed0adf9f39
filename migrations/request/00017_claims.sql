-- Purpose: a claim says which person has it, until when, and from which
-- organisation, so that it ends by itself and those above can release it. What is
-- claimed already stays so for a day.
-- Lock risk: requests is locked whole for a moment; the rows claimed now are
-- rewritten, and two small indexes over them are built. claimed_by changes its
-- meaning from a name to an id, which is in claimed_name from now on: a program of
-- before cannot read requests beside this, and is to be stopped first.

-- +goose Up
ALTER TABLE requests RENAME COLUMN claimed_by TO claimed_name;
ALTER TABLE requests
    ADD COLUMN claimed_by uuid, -- a person or a key; null: nobody
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN claimed_path text COLLATE "C" NOT NULL DEFAULT ''; -- of the organisation that the person acted in
UPDATE requests SET claimed_by = claimed_by_id::uuid, claimed_until = now() + interval '1 day', claimed_path = org_path
WHERE stage <> 'closed' AND claimed_by_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
UPDATE requests SET claimed_name = '' WHERE claimed_name <> '' AND claimed_by IS NULL;
ALTER TABLE requests DROP COLUMN claimed_by_id;
ALTER TABLE requests ADD CHECK ((claimed_by IS NULL) = (claimed_until IS NULL));
-- One person's claims.
CREATE INDEX requests_claimed ON requests (claimed_by, claimed_until) WHERE claimed_by IS NOT NULL;
-- Those that are over.
CREATE INDEX requests_claim_ends ON requests (claimed_until) WHERE claimed_by IS NOT NULL;

-- How many claims a person has, also those that who acts does not see: somebody
-- with roles in several organisations has one limit.
CREATE FUNCTION count_claims(person uuid, at timestamptz) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT count(*) FROM requests WHERE claimed_by = person AND claimed_until > at
$$;

-- +goose Down
DROP FUNCTION count_claims;
ALTER TABLE requests ADD COLUMN claimed_by_id text NOT NULL DEFAULT '';
UPDATE requests SET claimed_by_id = claimed_by::text WHERE claimed_by IS NOT NULL;
ALTER TABLE requests DROP COLUMN claimed_by, DROP COLUMN claimed_until, DROP COLUMN claimed_path;
ALTER TABLE requests RENAME COLUMN claimed_name TO claimed_by;
