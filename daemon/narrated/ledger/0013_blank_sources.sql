-- A text of front matter alone failed once, and has no note any more: each that failed is read again.
UPDATE sources SET mtime_ns = -1
    WHERE gone_at IS NULL AND path IN (
        SELECT path FROM jobs
        WHERE state = 'failed' AND problem LIKE '%holds no words, so there is nothing to say.'
    );
