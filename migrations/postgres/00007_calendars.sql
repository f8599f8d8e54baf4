-- +goose Up

-- By which calendar the bars of a series are keyed and folded, as the program names calendars; empty where an earlier release
-- wrote them, which kept no such note. It holds while calendar_at is the version of the series: an earlier release that writes
-- bars leaves that behind.
ALTER TABLE series ADD COLUMN calendar text NOT NULL DEFAULT '';
ALTER TABLE series ADD COLUMN calendar_at bigint NOT NULL DEFAULT 0;

-- What the provider said an instrument is: a row whenever it said something else, counted from 1. Times are in Unix microseconds;
-- seen is when it was first said. first_trade is NULL where the provider knows none.
CREATE TABLE listings (
    instrument  text   NOT NULL,
    number      bigint NOT NULL,
    seen        bigint NOT NULL,
    symbol      text   NOT NULL,
    type        text   NOT NULL,
    currency    text   NOT NULL,
    exchange    text   NOT NULL,
    zone        text   NOT NULL,
    first_trade bigint,
    short_name  text   NOT NULL,
    PRIMARY KEY (instrument, number)
);

-- What operators know of a date of a calendar before a release does. day is the trading date, in days since 1970; opens and closes
-- are seconds from its midnight in the calendar's zone.
CREATE TABLE calendar_changes (
    calendar text   NOT NULL,
    day      bigint NOT NULL,
    kind     text   NOT NULL,
    opens    bigint NOT NULL,
    closes   bigint NOT NULL,
    note     text   NOT NULL,
    PRIMARY KEY (calendar, day)
);
