-- Purpose: how many hours a week a helper gives, and after how long a help they rest.
-- Lock risk: helpers is locked for a moment; no row is written.

-- +goose Up
ALTER TABLE helpers
    ADD COLUMN weekly_hours smallint CHECK (weekly_hours BETWEEN 0 AND 168), -- null: no limit of their own
    ADD COLUMN heavy_hours  smallint NOT NULL DEFAULT 0 CHECK (heavy_hours BETWEEN 0 AND 24); -- 0: they rest after any help

-- +goose Down
ALTER TABLE helpers DROP COLUMN weekly_hours, DROP COLUMN heavy_hours;
