-- A missing file has no row, unless a post names it. Most folders have no settings, and a new file
-- affects the posts in its folder and below.

CREATE TABLE consulted (              -- the settings and lexicons a post was planned with
    post   BLOB NOT NULL,
    path   BLOB NOT NULL,
    sha256 TEXT NOT NULL,             -- '' if it was named and missing
    PRIMARY KEY (post, path)
) WITHOUT ROWID;
CREATE INDEX consulted_by_path ON consulted (path);
