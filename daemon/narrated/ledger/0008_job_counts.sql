CREATE TABLE job_counts (             -- jobs by state: counting 100,000 takes 10 ms, at each report
    state TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO job_counts SELECT state, count(*) FROM jobs GROUP BY state;
CREATE TRIGGER jobs_entered AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN new.state <> old.state BEGIN
    UPDATE job_counts SET count = count - 1 WHERE state = old.state;
    INSERT INTO job_counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER jobs_pruned AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET count = count - 1 WHERE state = old.state;
END;
-- Thousands of jobs may wait for an engine; whether one waits for something else is asked often.
CREATE INDEX jobs_waiting ON jobs (reason, id) WHERE state = 'waiting';
-- A source that could never be read is for the inbox to report; the daemon itself tries the others.
CREATE INDEX jobs_waiting_known ON jobs (reason, id)
    WHERE state = 'waiting' AND source_sha256 <> '';
