CREATE TABLE episodes (               -- narrations as items of a feed; a row stays as long as its source
    path     BLOB PRIMARY KEY,
    guid     TEXT NOT NULL UNIQUE,    -- given once: players know an episode by it
    first_at REAL NOT NULL,           -- when it was first published
    job      INTEGER,                 -- the job whose narration `item` tells of; NULL if none does
    made_for TEXT NOT NULL DEFAULT '',-- digest of the show that `item` was made for
    show     BLOB NOT NULL DEFAULT '',-- the folder of that show in the outbox
    dated_at REAL NOT NULL DEFAULT 0, -- its date in the feed
    sound    BLOB NOT NULL DEFAULT '',-- the outbox path of its sound, and the bytes that it has
    size_bytes INTEGER NOT NULL DEFAULT 0,
    item     BLOB                     -- its part of the feed; NULL if it is in none
);
CREATE INDEX episodes_in_order ON episodes (show, dated_at, path) WHERE item IS NOT NULL;
CREATE TABLE podcasts (               -- the shows of the outbox by their folders
    folder BLOB PRIMARY KEY,
    guid   TEXT NOT NULL              -- given once: directories know a show by it
) WITHOUT ROWID;
