CREATE TABLE restored_jobs (          -- taken from the outbox; nobody has compared their digests yet
    job INTEGER PRIMARY KEY
);
