CREATE TABLE page_texts (             -- the text of a post as the page shows it, made while planning
    job  INTEGER PRIMARY KEY REFERENCES jobs (id),
    text BLOB NOT NULL                -- compressed: the post may be gone when it is published
);
CREATE TABLE page_copies (            -- the pictures that these texts show
    job    INTEGER NOT NULL REFERENCES jobs (id),
    file   BLOB NOT NULL,             -- the outbox path of the copy
    sha256 TEXT NOT NULL,             -- the picture that it is a copy of
    width  INTEGER NOT NULL,
    height INTEGER NOT NULL,
    PRIMARY KEY (job, file)
) WITHOUT ROWID;
CREATE INDEX page_copies_by_file ON page_copies (file);
