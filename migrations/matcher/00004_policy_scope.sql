-- Purpose: policies of an organisation and of a category.
-- Lock risk: none to speak of, the table is tiny.

-- +goose Up
-- The newest row of a scope is in force there: the nearest organisation upwards
-- first, within it the nearest category upwards. No document means that the
-- scope follows what is above it again.
ALTER TABLE policies
    ADD COLUMN org_path   text COLLATE "C" NOT NULL DEFAULT '', -- empty: the installation's
    ADD COLUMN category   text NOT NULL DEFAULT '',             -- empty: all
    ADD COLUMN created_by text NOT NULL DEFAULT '',             -- person or key
    ALTER COLUMN document DROP NOT NULL;
CREATE INDEX policies_scope ON policies (org_path, category, version DESC);

-- +goose Down
DROP INDEX policies_scope;
DELETE FROM policies WHERE document IS NULL OR org_path <> '' OR category <> '';
ALTER TABLE policies
    DROP COLUMN org_path, DROP COLUMN category, DROP COLUMN created_by,
    ALTER COLUMN document SET NOT NULL;
