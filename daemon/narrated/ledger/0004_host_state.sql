-- Since schema 4.

CREATE TABLE moments (                -- the clock when a daemon was last seen to run
    name TEXT PRIMARY KEY,
    at   REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE places (                 -- on which device a folder was that things were put into
    name   TEXT PRIMARY KEY,
    device INTEGER NOT NULL
) WITHOUT ROWID;
