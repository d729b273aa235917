CREATE TABLE left_out (               -- posts that are not narrated, because they are older than `since`
    path BLOB PRIMARY KEY,
    day  TEXT NOT NULL                -- the date of the post, as YYYY-MM-DD
) WITHOUT ROWID;
