CREATE TABLE misheard_words (         -- words of takes that a hearing model heard otherwise
    language TEXT NOT NULL,
    said     TEXT NOT NULL,           -- as the text has them
    heard    TEXT NOT NULL,
    count    INTEGER NOT NULL,        -- takes in which they were heard so
    heard_at REAL NOT NULL,           -- the last time
    PRIMARY KEY (language, said, heard)
) WITHOUT ROWID;
CREATE INDEX misheard_words_by_count ON misheard_words (count, heard_at);
