-- The chunks that a due check is for: their digests, one a line, compressed; NULL for all.
ALTER TABLE due_checks ADD COLUMN digests BLOB;
