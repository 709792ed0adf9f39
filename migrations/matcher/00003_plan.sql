-- Purpose: plans, as they were when somebody asked for them.
-- Lock risk: none, the table is new.

-- +goose Up
-- What is confirmed names a plan and pairs of it; each is guarded anew then. A
-- plan is kept for 24 hours.
CREATE TABLE plans (
    id             uuid PRIMARY KEY,
    org_path       text COLLATE "C" NOT NULL, -- whose sight it was made in
    scope          jsonb NOT NULL,
    policy_version bigint NOT NULL REFERENCES policies,
    snapshot_at    timestamptz NOT NULL,
    objective      bigint NOT NULL,
    bound          bigint NOT NULL,
    certified      boolean NOT NULL,
    document       json NOT NULL -- the contract's Plan with all its pairs
);
CREATE INDEX plans_scope ON plans (org_path, scope, snapshot_at DESC);
CREATE INDEX plans_snapshot ON plans (snapshot_at);

-- +goose Down
DROP TABLE plans;
