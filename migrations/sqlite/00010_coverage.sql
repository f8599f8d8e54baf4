-- +goose Up

-- How much of what is expected of a series is present: the bars that start at from_ts or later and were over at horizon (both in Unix
-- seconds), by the calendar of that version. expected = present + the bars of the gaps.
CREATE TABLE coverage (
    series_id INTEGER NOT NULL PRIMARY KEY,
    from_ts   INTEGER NOT NULL,
    horizon   INTEGER NOT NULL,
    expected  INTEGER NOT NULL,
    present   INTEGER NOT NULL,
    calendar  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Runs of expected bars that are absent for one reason, by the starts of the first and the last one in Unix seconds. When one was first
-- found absent, when they were last asked for, how often, and when they are again; in Unix microseconds, NULL for never.
CREATE TABLE gaps (
    series_id INTEGER NOT NULL,
    first_ts  INTEGER NOT NULL,
    last_ts   INTEGER NOT NULL,
    bars      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    seen      INTEGER NOT NULL,
    asked     INTEGER,
    times     INTEGER NOT NULL,
    next_try  INTEGER,
    PRIMARY KEY (series_id, first_ts)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_next ON gaps (next_try) WHERE next_try IS NOT NULL;
