-- Purpose: need lines without a foreign key, as contacts and history are: the
-- statement that writes a line writes its request, nothing deletes a request, and
-- the checks were a fifth of a small batch's time.
-- Lock risk: need_lines and requests are locked whole for a moment, no row is read.

-- +goose Up
ALTER TABLE need_lines DROP CONSTRAINT need_lines_request_id_fkey;

-- +goose Down
ALTER TABLE need_lines ADD CONSTRAINT need_lines_request_id_fkey FOREIGN KEY (request_id) REFERENCES requests ON DELETE CASCADE;
