-- Purpose: what a registry of organisations says of each (specialties, contact
-- person) and who takes part in which campaign.
-- Lock risk: short; the columns have constant defaults, so no row is written.

-- +goose Up
ALTER TABLE organisation
    ADD COLUMN specialties    text[] NOT NULL DEFAULT '{}', -- codes of categories
    ADD COLUMN contact_person text   NOT NULL DEFAULT '';   -- a member of staff, by name
CREATE INDEX organisation_specialties ON organisation USING gin (specialties);

CREATE TABLE campaign_organisation (
    campaign        text NOT NULL REFERENCES campaign,
    organisation_id uuid NOT NULL REFERENCES organisation,
    joined_at       timestamptz NOT NULL,
    PRIMARY KEY (campaign, organisation_id)
);

-- +goose Down
DROP TABLE campaign_organisation;
ALTER TABLE organisation DROP COLUMN specialties, DROP COLUMN contact_person;
