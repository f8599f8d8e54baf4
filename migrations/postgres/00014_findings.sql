-- +goose Up

-- Where the stored bars of an exchange and its calendar disagreed when they were last held against each other. Dates are days since 1970;
-- dates, instruments and timeframes are lists with blanks between. clock is in seconds since midnight, seen (first) and holds (last) in
-- Unix microseconds.
CREATE TABLE findings (
    calendar    text NOT NULL,
    kind        text NOT NULL,
    first_day   bigint NOT NULL,
    last_day    bigint NOT NULL,
    days        bigint NOT NULL,
    dates       text NOT NULL,
    instruments text NOT NULL,
    of_all      bigint NOT NULL,
    timeframes  text NOT NULL,
    bars        bigint NOT NULL,
    clock       bigint NOT NULL,
    closure     bigint NOT NULL,
    seen        bigint NOT NULL,
    holds       bigint NOT NULL,
    PRIMARY KEY (calendar, kind, first_day)
);
