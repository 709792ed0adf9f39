-- Purpose: a category may be served by asking several helpers at once, as a policy may.
-- Lock risk: category is locked while its few rows are checked.

-- +goose Up
ALTER TABLE category DROP CONSTRAINT category_matching_check;
ALTER TABLE category ADD CONSTRAINT category_matching_check CHECK (matching IN ('manual', 'assisted', 'wave', 'automatic'));

-- +goose Down
UPDATE category SET matching = 'assisted' WHERE matching = 'wave';
ALTER TABLE category DROP CONSTRAINT category_matching_check;
ALTER TABLE category ADD CONSTRAINT category_matching_check CHECK (matching IN ('manual', 'assisted', 'automatic'));
