-- The ledger. Paths are BLOBs: a file's name is bytes, and not always UTF-8.
-- Times are seconds since the epoch; they are for people, no decision hangs on them but age.

CREATE TABLE sources (                -- every file of the inbox that was taken, as it was seen last
    path        BLOB PRIMARY KEY,
    inode       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    ctime_ns    INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    seen_at     REAL NOT NULL,        -- when this path first came, for telling a move from a copy
    gone_at     REAL                  -- when it was last missed; NULL while it is there
) WITHOUT ROWID;
CREATE INDEX sources_gone ON sources (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE stems (                  -- which name in the outbox belongs to which source, for good
    path        BLOB PRIMARY KEY,
    stem        BLOB NOT NULL,
    folded      BLOB NOT NULL UNIQUE  -- as a laptop that folds case and accents sees it
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
    done_at       REAL                -- when it was published, whatever became of it later
);
-- Each with the state: SQLite would else look through all that was ever done for one path.
CREATE INDEX jobs_by_path ON jobs (path, state, id);
CREATE INDEX jobs_by_source ON jobs (source_sha256, state, id);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_done ON jobs (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE plans (                  -- a job's script, chunks and settings, compressed
    job  INTEGER PRIMARY KEY REFERENCES jobs (id),
    plan BLOB NOT NULL
);

CREATE TABLE chunks (                 -- of open jobs only: what must not leave the cache
    job        INTEGER NOT NULL REFERENCES jobs (id),
    seq        INTEGER NOT NULL,
    key        TEXT NOT NULL,
    owner      TEXT,                  -- who has it in flight, and until when we believe so
    expires_at REAL,
    PRIMARY KEY (job, seq)
) WITHOUT ROWID;
CREATE INDEX chunks_by_key ON chunks (key);
CREATE INDEX chunks_leased ON chunks (owner) WHERE owner IS NOT NULL;

CREATE TABLE deaths (                 -- how often a piece of work took its worker with it
    key   TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE takes (                  -- what the cache holds
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

CREATE TABLE choices (                -- which take of a chunk the user wants in a source
    path   BLOB NOT NULL,
    digest TEXT NOT NULL,
    take   INTEGER NOT NULL,
    PRIMARY KEY (path, digest)
) WITHOUT ROWID;

CREATE TABLE captions (
    key  TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE shows (                  -- which pictures a post shows, and as what they were read
    post    BLOB NOT NULL,
    picture BLOB NOT NULL,
    sha256  TEXT NOT NULL,            -- '' where it was not there
    PRIMARY KEY (post, picture)
) WITHOUT ROWID;
CREATE INDEX shows_by_picture ON shows (picture);
