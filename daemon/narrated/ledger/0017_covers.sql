CREATE TABLE covers (                 -- pictures that the daemon wrote into the outbox for the feed
    file    BLOB PRIMARY KEY,         -- the outbox path
    path    BLOB NOT NULL,            -- the source of the episode; '' for one of the show
    sha256  TEXT NOT NULL,
    current INTEGER NOT NULL          -- 0 if the feed does not name it, so that it is to be removed
) WITHOUT ROWID;
CREATE INDEX covers_by_path ON covers (path);
