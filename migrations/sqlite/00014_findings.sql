-- +goose Up

-- Where the stored bars of an exchange and its calendar disagreed when they were last held against each other. Dates are days since 1970;
-- dates, instruments and timeframes are lists with blanks between. clock is in seconds since midnight, seen (first) and holds (last) in
-- Unix microseconds.
CREATE TABLE findings (
    calendar    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    first_day   INTEGER NOT NULL,
    last_day    INTEGER NOT NULL,
    days        INTEGER NOT NULL,
    dates       TEXT NOT NULL,
    instruments TEXT NOT NULL,
    of_all      INTEGER NOT NULL,
    timeframes  TEXT NOT NULL,
    bars        INTEGER NOT NULL,
    clock       INTEGER NOT NULL,
    closure     INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    holds       INTEGER NOT NULL,
    PRIMARY KEY (calendar, kind, first_day)
) STRICT, WITHOUT ROWID;
