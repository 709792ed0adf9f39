-- Purpose: staff remove need lines that no match holds, and the history keeps them.
-- Lock risk: history is locked for a moment; a column without a default rewrites nothing.

-- +goose Up
ALTER TABLE history ADD COLUMN line jsonb; -- that was removed: category, item and amount, no words
CREATE POLICY remove ON need_lines FOR DELETE USING (EXISTS (
    SELECT FROM requests r WHERE r.id = request_id AND
        CASE WHEN r.org_path >= (SELECT current_setting('heli.path', true)) THEN r.org_path < (SELECT current_setting('heli.path_end', true)) END));

-- +goose Down
DROP POLICY remove ON need_lines;
ALTER TABLE history DROP COLUMN line;
