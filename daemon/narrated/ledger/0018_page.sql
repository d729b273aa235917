CREATE TABLE page_entries (           -- episodes as the page shows them, each made once
    number   INTEGER PRIMARY KEY,     -- its place among the files of words, for ever
    path     BLOB NOT NULL UNIQUE,    -- the source
    key      TEXT NOT NULL,           -- the name of its script
    job      INTEGER NOT NULL,        -- the job whose narration it tells of
    made_for TEXT NOT NULL,           -- digest of all else that it was made for
    entry    BLOB,                    -- its part of the page; NULL if it is not on it
    script   BLOB,                    -- its text and times, compressed
    words    BLOB                     -- the words by which it is found, compressed
);
CREATE TABLE page_files (             -- files that the daemon wrote for the page
    name     TEXT PRIMARY KEY,
    made_of  TEXT NOT NULL,           -- digest of all that it was made of; '' while it is written
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE page_pictures (          -- pictures that the daemon wrote for the page
    file    BLOB PRIMARY KEY,         -- the outbox path
    path    BLOB NOT NULL,            -- the source of the episode
    sha256  TEXT NOT NULL,
    current INTEGER NOT NULL          -- 0 if the page does not show it, so that it is to be removed
) WITHOUT ROWID;
CREATE INDEX page_pictures_by_path ON page_pictures (path);
