-- How the takes of a published narration turned out; older versions keep the counts for the history.
CREATE TABLE job_takes (
    job      INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    checked  INTEGER NOT NULL,         -- chunks
    heard    INTEGER NOT NULL,         -- those that a hearing model listened to
    retaken  INTEGER NOT NULL,         -- those that were spoken more than once
    doubtful INTEGER NOT NULL,         -- those whose take has faults
    accepted INTEGER NOT NULL,         -- those whose takes are all heard alike
    report   BLOB,                     -- as in the manifest; NULL once another version is published
    times    BLOB                      -- when each chunk is heard, compressed
);

-- Published narrations with doubtful takes, and their number: counting 100,000 takes 10 ms, at each
-- report of the status.
CREATE TABLE doubtful_narrations (
    path     BLOB PRIMARY KEY,
    job      INTEGER NOT NULL,
    doubtful INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE doubtful_count (count INTEGER NOT NULL);
INSERT INTO doubtful_count VALUES (0);
CREATE TRIGGER doubtful_came AFTER INSERT ON doubtful_narrations BEGIN
    UPDATE doubtful_count SET count = count + 1;
END;
CREATE TRIGGER doubtful_went AFTER DELETE ON doubtful_narrations BEGIN
    UPDATE doubtful_count SET count = count - 1;
END;
CREATE TRIGGER doubtful_left AFTER UPDATE OF state ON jobs WHEN old.state = 'done' BEGIN
    DELETE FROM doubtful_narrations WHERE path = old.path AND job = old.id;
END;
