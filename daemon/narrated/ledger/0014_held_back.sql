CREATE TABLE held_back (              -- posts that are not narrated yet: drafts, and dates to come
    path   BLOB PRIMARY KEY,
    why    TEXT NOT NULL,             -- as the end of a sentence
    due_at REAL                       -- when its date comes; NULL for a draft
) WITHOUT ROWID;
CREATE INDEX held_back_due ON held_back (due_at) WHERE due_at IS NOT NULL;
