-- +goose Up

-- By which calendar the bars of a series are keyed and folded, as the program names calendars; empty where an earlier release
-- wrote them, which kept no such note. It holds while calendar_at is the version of the series: an earlier release that writes
-- bars leaves that behind.
ALTER TABLE series ADD COLUMN calendar TEXT NOT NULL DEFAULT '';
ALTER TABLE series ADD COLUMN calendar_at INTEGER NOT NULL DEFAULT 0;

-- What the provider said an instrument is: a row whenever it said something else, counted from 1. Times are in Unix microseconds;
-- seen is when it was first said. first_trade is NULL where the provider knows none.
CREATE TABLE listings (
    instrument  TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    symbol      TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    exchange    TEXT    NOT NULL,
    zone        TEXT    NOT NULL,
    first_trade INTEGER,
    short_name  TEXT    NOT NULL,
    PRIMARY KEY (instrument, number)
) STRICT, WITHOUT ROWID;

-- What operators know of a date of a calendar before a release does. day is the trading date, in days since 1970; opens and closes
-- are seconds from its midnight in the calendar's zone.
CREATE TABLE calendar_changes (
    calendar TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    opens    INTEGER NOT NULL,
    closes   INTEGER NOT NULL,
    note     TEXT    NOT NULL,
    PRIMARY KEY (calendar, day)
) STRICT, WITHOUT ROWID;
