CREATE TABLE folder_shows (           -- settings of folders with a `podcast:` section
    path    BLOB PRIMARY KEY,         -- the inbox path of the settings file
    sha256  TEXT NOT NULL,            -- the version that was read last
    section BLOB,                     -- what it says of the show, as JSON; NULL if it gives none
    problem TEXT NOT NULL             -- why the version cannot be read; `section` is then the one before
) WITHOUT ROWID;
