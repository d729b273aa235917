-- How each chunk of a published narration was checked, a byte for each, compressed: 0 not at all,
-- 1 by its sound, 2 by ears. Verdicts leave with the cache. NULL for narrations of before.
ALTER TABLE job_takes ADD COLUMN checks BLOB;
