-- When a take was judged: of the verdicts by several hearing models, the last one counts.
ALTER TABLE verdicts ADD COLUMN judged_at REAL NOT NULL DEFAULT 0;
