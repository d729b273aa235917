CREATE TABLE script_files (           -- files of the inbox that begin as script files do
    path    BLOB PRIMARY KEY,
    folded  BLOB NOT NULL,            -- their path without `.script.md`, as stems are folded
    entered TEXT NOT NULL             -- sha256 of the version whose `pronounce:` lines are entered
) WITHOUT ROWID;
CREATE INDEX script_files_by_name ON script_files (folded);
CREATE TABLE review_files (           -- stems beside which a script or its note may stand in the outbox
    stem    BLOB PRIMARY KEY,
    written TEXT NOT NULL             -- sha256 of the script that the daemon wrote there; or empty
) WITHOUT ROWID;
