-- Purpose: indexes that dashboards and maps count by, without looking at the rows.
-- Lock risk: writes wait while they are built, a few seconds for a million rows.

-- +goose Up
CREATE INDEX requests_created ON requests (created_at) INCLUDE (org_path, id, region_code, campaign, sharing);
CREATE INDEX requests_open ON requests (region_code, urgency_rank) INCLUDE (org_path, id, created_at, campaign, state, sharing) WHERE stage <> 'closed';
CREATE INDEX requests_ended ON requests (updated_at) INCLUDE (org_path, id, region_code, campaign, closed_reason, sharing) WHERE stage = 'closed';

-- +goose Down
DROP INDEX requests_ended, requests_open, requests_created;
