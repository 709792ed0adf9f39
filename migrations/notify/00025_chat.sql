-- Purpose: group robots as kinds of endpoint, with a language, quiet hours and a digest.
-- Lock risk: endpoints and deliveries are locked while the checks read every delivery,
-- which are those of 30 days.

-- +goose Up
ALTER TABLE endpoints
    ADD COLUMN kind text NOT NULL DEFAULT 'webhook' CHECK (kind IN ('webhook', 'wecom', 'dingtalk', 'feishu', 'slack')),
    ADD COLUMN language text NOT NULL DEFAULT 'en', -- of the messages of a robot, as all that follows
    ADD COLUMN digest text NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'hourly', 'daily')),
    ADD COLUMN quiet_from text NOT NULL DEFAULT '', -- "22:00" in the time zone; empty: never
    ADD COLUMN quiet_to text NOT NULL DEFAULT '',
    ADD COLUMN time_zone text NOT NULL DEFAULT 'Asia/Shanghai';
ALTER TABLE endpoints ADD CHECK ((quiet_from = '') = (quiet_to = ''));
-- Of a robot the url is what may be shown of it: the address holds a key, so it is
-- in endpoint_secrets, together with what signs.
COMMENT ON COLUMN endpoints.url IS 'of a robot the host and the last characters; the whole is sealed in endpoint_secrets';

-- Gathered is what waits to be told of in a digest, at next_at; digested is what was,
-- in the delivery digest_id, which ends by itself.
ALTER TABLE deliveries
    ADD COLUMN critical boolean NOT NULL DEFAULT false, -- it waits for nothing
    ADD COLUMN digest_id uuid,
    DROP CONSTRAINT deliveries_state_check,
    DROP CONSTRAINT deliveries_check;
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_state_check CHECK (state IN ('pending', 'gathered', 'digested', 'delivered', 'dead')),
    ADD CONSTRAINT deliveries_waiting CHECK ((state IN ('pending', 'gathered')) = (next_at IS NOT NULL)),
    ADD CONSTRAINT deliveries_digest CHECK ((state = 'digested') <= (digest_id IS NOT NULL));
CREATE INDEX deliveries_gathered ON deliveries (endpoint_id, next_at) WHERE state = 'gathered';

-- +goose Down
DROP INDEX deliveries_gathered;
-- What waited for a digest is sent alone; what was in one counts as sent.
UPDATE deliveries SET state = 'pending' WHERE state = 'gathered';
UPDATE deliveries SET state = 'delivered' WHERE state = 'digested';
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_digest, DROP CONSTRAINT deliveries_waiting, DROP CONSTRAINT deliveries_state_check,
    DROP COLUMN digest_id, DROP COLUMN critical;
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_state_check CHECK (state IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT deliveries_check CHECK ((state = 'pending') = (next_at IS NOT NULL));
ALTER TABLE endpoints
    DROP COLUMN time_zone, DROP COLUMN quiet_to, DROP COLUMN quiet_from, DROP COLUMN digest, DROP COLUMN language, DROP COLUMN kind;
