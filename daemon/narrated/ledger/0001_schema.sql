-- The ledger. Paths are BLOBs, because a file name is bytes and may not be UTF-8.
-- Times are seconds since the epoch. People read them; the daemon only compares their ages.

CREATE TABLE sources (                -- files of the inbox, as the scanner last saw them
    path        BLOB PRIMARY KEY,
    inode       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    ctime_ns    INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    seen_at     REAL NOT NULL,        -- when this path first appeared: tells a move from a copy
    gone_at     REAL                  -- when its deletion was noticed; NULL if it exists
) WITHOUT ROWID;
CREATE INDEX sources_gone ON sources (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE stems (                  -- the output name of each source; it never changes
    path        BLOB PRIMARY KEY,
    stem        BLOB NOT NULL,
    folded      BLOB NOT NULL UNIQUE  -- as a file system that folds case and accents sees it
) WITHOUT ROWID;

CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    path          BLOB NOT NULL,
    state         TEXT NOT NULL,
    cause         TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    size_bytes    INTEGER NOT NULL,
    stem          BLOB NOT NULL,
    created_at    REAL NOT NULL,
    changed_at    REAL NOT NULL,
    reason        TEXT NOT NULL DEFAULT '',
    problem       TEXT NOT NULL DEFAULT '',
    remedy        TEXT NOT NULL DEFAULT '',
    title         TEXT NOT NULL DEFAULT '',
    narration     TEXT NOT NULL DEFAULT '',
    duration_s    REAL NOT NULL DEFAULT 0,
    done_at       REAL                -- when it was published; kept if superseded later
);
-- Each index holds the state, so that SQLite need not read all of a path's old versions.
CREATE INDEX jobs_by_path ON jobs (path, state, id);
CREATE INDEX jobs_by_source ON jobs (source_sha256, state, id);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_done ON jobs (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE plans (                  -- a job's plan (script, chunks, settings), compressed
    job  INTEGER PRIMARY KEY REFERENCES jobs (id),
    plan BLOB NOT NULL
);

CREATE TABLE chunks (                 -- of open jobs only: their takes must stay in the cache
    job        INTEGER NOT NULL REFERENCES jobs (id),
    seq        INTEGER NOT NULL,
    key        TEXT NOT NULL,
    owner      TEXT,                  -- not used: see docs/decisions/0012-chunk-leases.md
    expires_at REAL,                  -- not used
    PRIMARY KEY (job, seq)
) WITHOUT ROWID;
CREATE INDEX chunks_by_key ON chunks (key);
CREATE INDEX chunks_leased ON chunks (owner) WHERE owner IS NOT NULL;

CREATE TABLE deaths (                 -- how often a chunk or caption crashed its worker
    key   TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE takes (                  -- the index of the take cache
    key         TEXT PRIMARY KEY,
    sample_rate INTEGER NOT NULL,
    duration_s  REAL NOT NULL,
    rms_db      REAL NOT NULL,
    peak_db     REAL NOT NULL,
    elapsed_s   REAL NOT NULL,
    size_bytes  INTEGER NOT NULL,
    used_at     REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX takes_by_use ON takes (used_at);

CREATE TABLE choices (                -- the number of the take chosen for a chunk of a source
    path   BLOB NOT NULL,
    digest TEXT NOT NULL,
    take   INTEGER NOT NULL,
    PRIMARY KEY (path, digest)
) WITHOUT ROWID;

CREATE TABLE captions (
    key  TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE shows (                  -- the pictures that a post shows, as they were when planned
    post    BLOB NOT NULL,
    picture BLOB NOT NULL,
    sha256  TEXT NOT NULL,            -- '' if it was missing
    PRIMARY KEY (post, picture)
) WITHOUT ROWID;
CREATE INDEX shows_by_picture ON shows (picture);
