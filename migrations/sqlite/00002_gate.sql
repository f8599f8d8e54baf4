-- +goose Up

-- The token that writers of a run show, and the end of its lease in Unix milliseconds of the machine's clock. Runs of the
-- previous release have neither: where a lease counts, none is one that is over.
ALTER TABLE runs ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN lease_until INTEGER;

-- One effective run of a slot (promise P1), one run of it at a time, forced ones included, and one row where it was missed.
CREATE UNIQUE INDEX runs_effective ON runs (job, trading_date, slot)
WHERE NOT forced AND state IN ('running', 'done') AND trading_date <> '';
CREATE UNIQUE INDEX runs_running ON runs (job, trading_date, slot) WHERE state = 'running' AND trading_date <> '';
CREATE UNIQUE INDEX runs_missed ON runs (job, trading_date, slot) WHERE state = 'missed' AND trading_date <> '';

-- The runs of a slot.
CREATE INDEX runs_attempt ON runs (job, trading_date, slot, attempt) WHERE trading_date <> '';

-- Since when each job is run by its schedule, which is told by its text; in Unix microseconds.
CREATE TABLE schedules (
    job      TEXT    PRIMARY KEY,
    schedule TEXT    NOT NULL,
    since    INTEGER NOT NULL
) STRICT;

-- What people were told about slots. Its times are in Unix milliseconds of the machine's clock.
CREATE TABLE notices (
    job          TEXT    NOT NULL,
    trading_date TEXT    NOT NULL,
    slot         INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    turn_until   INTEGER NOT NULL,
    told         INTEGER,
    PRIMARY KEY (job, trading_date, slot, kind)
) STRICT, WITHOUT ROWID;
