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
CREATE INDEX job_takes_doubtful ON job_takes (job) WHERE doubtful > 0;
