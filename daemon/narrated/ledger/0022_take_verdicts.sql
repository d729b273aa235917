-- Checks of takes. A verdict by sound alone has no hearing engine.
CREATE TABLE verdicts (
    key     TEXT NOT NULL,             -- of the take, as in the cache
    hearing TEXT NOT NULL,             -- identity of the hearing engine
    rules   INTEGER NOT NULL,          -- version of the rules
    verdict BLOB NOT NULL,
    PRIMARY KEY (key, hearing, rules)
) WITHOUT ROWID;

CREATE TABLE take_measures (           -- what an encoder measured in a take, and its engine's word
    key      TEXT PRIMARY KEY,
    measures BLOB NOT NULL
) WITHOUT ROWID;

-- The line of each voice: how long it speaks for the effort of a text, as sums.
CREATE TABLE voice_lengths (
    voice    TEXT NOT NULL,            -- its engine, digest and options
    language TEXT NOT NULL,
    line     BLOB NOT NULL,
    PRIMARY KEY (voice, language)
) WITHOUT ROWID;

-- The chunks of a job that were spoken more than once, or whose published take has faults.
CREATE TABLE checked_chunks (
    job      INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    take     INTEGER NOT NULL,         -- the number of the chosen take
    spoken   INTEGER NOT NULL,         -- how many takes were spoken and checked
    accepted INTEGER NOT NULL,         -- 1 if all takes are heard alike
    verdict  BLOB NOT NULL,
    PRIMARY KEY (job, seq)
) WITHOUT ROWID;

-- A take that a check chose, not a person.
ALTER TABLE choices ADD COLUMN is_automatic INTEGER NOT NULL DEFAULT 0;
