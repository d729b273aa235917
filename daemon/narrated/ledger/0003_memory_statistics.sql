-- Since schema 3.

CREATE TABLE measured (               -- what models and their engines were seen to take of a device
    key        TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
