CREATE TABLE sweeps (                 -- work over many sources that is under way, and how far it is
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    path   BLOB NOT NULL,             -- the folder that it is about, or the settings file or lexicon
    sha256 TEXT NOT NULL,             -- of that file; '' if it is gone
    after  BLOB NOT NULL,             -- every source up to this path is dealt with
    UNIQUE (kind, path)
);

CREATE TABLE caption_pictures (       -- the picture that a caption, or a crash on the way to it, is of
    key      TEXT PRIMARY KEY,
    sha256   TEXT NOT NULL,           -- '' if an earlier version did not record it
    asked_at REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO caption_pictures SELECT key, '', CAST(strftime('%s', 'now') AS REAL) FROM captions
    UNION SELECT substr(key, 9), '', CAST(strftime('%s', 'now') AS REAL)
    FROM deaths WHERE key GLOB 'caption-*';
