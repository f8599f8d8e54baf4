-- +goose Up

-- A slot is named by its job and its instant, in Unix seconds; with the time of day and the zone that make it, for people. The
-- date and the number stand in trading_date and slot, as before. Runs of earlier releases get the three when this one starts:
-- NULL where it cannot be told which slot they were for.
ALTER TABLE runs ADD COLUMN slot_at bigint;
ALTER TABLE runs ADD COLUMN slot_time text NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN slot_zone text NOT NULL DEFAULT '';

DROP INDEX runs_effective;
DROP INDEX runs_running;
DROP INDEX runs_missed;
DROP INDEX runs_attempt;

-- One run of a slot at a time, forced ones included, one row where it was missed, and attempts that differ.
CREATE UNIQUE INDEX runs_slot_running ON runs (job, slot_at) WHERE state = 'running' AND slot_at IS NOT NULL;
CREATE UNIQUE INDEX runs_slot_missed ON runs (job, slot_at) WHERE state = 'missed' AND slot_at IS NOT NULL;
CREATE UNIQUE INDEX runs_slot_attempt ON runs (job, slot_at, attempt, (CASE WHEN token = '' THEN id ELSE 0 END))
WHERE slot_at IS NOT NULL;
-- Those that this release has not named; should the earlier release come back, it finds what keeps its own workers apart.
CREATE UNIQUE INDEX runs_old_effective ON runs (job, trading_date, slot)
WHERE NOT forced AND state IN ('running', 'done') AND trading_date <> '' AND slot_at IS NULL;
CREATE UNIQUE INDEX runs_old_running ON runs (job, trading_date, slot)
WHERE state = 'running' AND trading_date <> '' AND slot_at IS NULL;
CREATE UNIQUE INDEX runs_old_missed ON runs (job, trading_date, slot)
WHERE state = 'missed' AND trading_date <> '' AND slot_at IS NULL;
CREATE INDEX runs_unnamed ON runs (id) WHERE trading_date <> '' AND slot_at IS NULL;

-- One effective import of a series a slot (promise P1): the slot of a cell that is OK and whose run is not forced; else NULL.
ALTER TABLE cells ADD COLUMN job text;
ALTER TABLE cells ADD COLUMN slot_at bigint;
CREATE UNIQUE INDEX cells_effective ON cells (job, slot_at, instrument, timeframe) WHERE slot_at IS NOT NULL;

-- By which schedule each job was run since when, and up to when its slots were audited, in Unix microseconds of the machines
-- that said so. The table schedules is the previous release's, which knew the last one only.
CREATE TABLE schedule_changes (
    job      text   NOT NULL,
    since    bigint NOT NULL,
    schedule text   NOT NULL,
    PRIMARY KEY (job, since)
);
INSERT INTO schedule_changes (job, since, schedule)
SELECT job, CAST(extract(epoch FROM since) * 1000000 AS bigint), schedule FROM schedules;

CREATE TABLE audits (
    job   text   PRIMARY KEY,
    until bigint NOT NULL
);

-- What people were told, by what it is about: a slot by its key, or else a name. Its times are in Unix microseconds of this
-- server's clock. The table notices is the previous release's.
CREATE TABLE told (
    subject    text   NOT NULL,
    kind       text   NOT NULL,
    turn_until bigint NOT NULL,
    told       bigint,
    PRIMARY KEY (subject, kind)
);
