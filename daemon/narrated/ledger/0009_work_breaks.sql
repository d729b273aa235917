CREATE TABLE pauses (                 -- `narrated pause`: one row while it lasts
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    began_at     REAL NOT NULL,
    duration_s   REAL,                -- NULL until somebody resumes
    boot         TEXT NOT NULL,       -- the boot of the machine in which it began
    began_boot_s REAL NOT NULL,       -- CLOCK_BOOTTIME when it began: nobody can set that clock
    unloads      INTEGER NOT NULL     -- 1 if the models leave the device meanwhile
);
