-- +goose Up

-- How much of what is expected of a series is present: the bars that start at from_ts or later and were over at horizon (both in Unix
-- seconds), by the calendar of that version. expected = present + the bars of the gaps.
CREATE TABLE coverage (
    series_id integer NOT NULL PRIMARY KEY,
    from_ts   bigint NOT NULL,
    horizon   bigint NOT NULL,
    expected  bigint NOT NULL,
    present   bigint NOT NULL,
    calendar  text NOT NULL
);

-- Runs of expected bars that are absent for one reason, by the starts of the first and the last one in Unix seconds. When one was first
-- found absent, when they were last asked for, how often, and when they are again; in Unix microseconds, NULL for never.
CREATE TABLE gaps (
    series_id integer NOT NULL,
    first_ts  bigint NOT NULL,
    last_ts   bigint NOT NULL,
    bars      bigint NOT NULL,
    reason    text NOT NULL,
    seen      bigint NOT NULL,
    asked     bigint,
    times     bigint NOT NULL,
    next_try  bigint,
    PRIMARY KEY (series_id, first_ts)
);
CREATE INDEX gaps_next ON gaps (next_try) WHERE next_try IS NOT NULL;
