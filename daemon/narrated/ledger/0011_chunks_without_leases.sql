-- Nothing uses these: see docs/decisions/0012-chunk-leases.md.
DROP INDEX chunks_leased;
ALTER TABLE chunks DROP COLUMN owner;
ALTER TABLE chunks DROP COLUMN expires_at;
