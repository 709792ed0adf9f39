-- Purpose: needs without a foreign key: the statement that writes a need writes
-- its request, nothing deletes a request, and the checks took much of a small
-- batch's time.
-- Lock risk: needs and requests are locked whole for a moment, no row is read.

-- +goose Up
ALTER TABLE needs DROP CONSTRAINT needs_request_id_fkey;

-- +goose Down
ALTER TABLE needs ADD CONSTRAINT needs_request_id_fkey FOREIGN KEY (request_id) REFERENCES requests ON DELETE CASCADE;
