-- Published narrations that are to be checked, until a job has checked them: a newer version of the
-- source may come first, and keep the narration.
CREATE TABLE due_checks (
    job      INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    is_asked INTEGER NOT NULL          -- 1 if a person asked for it, whatever the settings say
);
INSERT INTO due_checks
    SELECT max(published.id), 0 FROM jobs AS checks JOIN jobs AS published USING (path)
    WHERE checks.cause = 'check' AND published.state = 'done'
    AND checks.state IN ('queued', 'planned', 'speaking', 'publishing', 'waiting', 'failed')
    GROUP BY path;
