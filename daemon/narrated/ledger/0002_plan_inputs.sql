-- Since schema 2. What was not there has no row, unless a post named it: most posts lie where there
-- is nothing, and a new file's place tells for which it holds.

CREATE TABLE consulted (              -- which settings and lexicons a post was planned with
    post   BLOB NOT NULL,
    path   BLOB NOT NULL,
    sha256 TEXT NOT NULL,             -- '' where it was named and not there
    PRIMARY KEY (post, path)
) WITHOUT ROWID;
CREATE INDEX consulted_by_path ON consulted (path);
