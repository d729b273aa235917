CREATE TABLE standing_notes (         -- error notes that may stand in the outbox
    stem    BLOB PRIMARY KEY,
    leaving INTEGER NOT NULL          -- 1 if its problem is gone, and the file is still to be removed
) WITHOUT ROWID;
INSERT INTO standing_notes SELECT DISTINCT stem, 0 FROM jobs
    WHERE state IN ('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed');
CREATE INDEX sources_by_content ON sources (sha256, gone_at);
