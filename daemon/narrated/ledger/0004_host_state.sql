CREATE TABLE moments (                -- when a daemon last ran
    name TEXT PRIMARY KEY,
    at   REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE places (                 -- the device (st_dev) that the outbox was on
    name   TEXT PRIMARY KEY,
    device INTEGER NOT NULL
) WITHOUT ROWID;
