-- Folders whose settings make one narration of their pictures, by the path of these settings.
-- A row is there from the first sign that a folder may be one, until a plan finds that it is none.
CREATE TABLE galleries (
    path BLOB PRIMARY KEY,
    has_changed INTEGER NOT NULL
) WITHOUT ROWID;
