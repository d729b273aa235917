CREATE TABLE engine_rates (           -- measured work of each voice; later requests count most
    engine     TEXT NOT NULL,
    voice      TEXT NOT NULL,         -- '' if the engine chooses, and for captioners
    options    TEXT NOT NULL,         -- of the requests, as JSON
    identity   TEXT NOT NULL,         -- of the engine: another one begins anew
    requests   REAL NOT NULL,
    characters REAL NOT NULL,         -- of the texts spoken, or of the captions written
    sound_s    REAL NOT NULL,
    work_s     REAL NOT NULL,         -- of the engine; requests in one batch share its time
    PRIMARY KEY (engine, voice, options)
) WITHOUT ROWID;
