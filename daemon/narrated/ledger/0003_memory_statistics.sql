CREATE TABLE measured (               -- device memory that models and engines were measured to use
    key        TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
