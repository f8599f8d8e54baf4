-- +goose Up

-- One row a series. bars is kept by the transaction that inserts, so that counting 100 million rows costs nothing.
CREATE TABLE series (
    bars       bigint  NOT NULL DEFAULT 0,
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text    NOT NULL,
    timeframe  text    NOT NULL,
    UNIQUE (instrument, timeframe)
);

-- ts is the start of the bar. The key leads with series_id, by which the table can be partitioned or distributed. There
-- is no foreign key to series: it would be looked up for every bar of a COPY and tie the table to one node; the writer
-- makes the row of the series first, and nothing deletes one. Eight-byte columns come first: a row has no padding inside.
CREATE TABLE candles (
    ts        timestamptz      NOT NULL,
    open      double precision NOT NULL,
    high      double precision NOT NULL,
    low       double precision NOT NULL,
    close     double precision NOT NULL,
    volume    bigint,
    series_id integer          NOT NULL,
    flags     smallint         NOT NULL DEFAULT 0,
    PRIMARY KEY (series_id, ts)
);

-- The values that a changed bar had before; revision counts from 1 for each bar.
CREATE TABLE candle_revisions (
    ts          timestamptz      NOT NULL,
    replaced_at timestamptz      NOT NULL,
    open        double precision NOT NULL,
    high        double precision NOT NULL,
    low         double precision NOT NULL,
    close       double precision NOT NULL,
    volume      bigint,
    series_id   integer          NOT NULL,
    revision    integer          NOT NULL,
    flags       smallint         NOT NULL DEFAULT 0,
    PRIMARY KEY (series_id, ts, revision)
);

-- The ledger; its times are NULL where there is none. The trading date is text because a run ad hoc has the empty one.
CREATE TABLE runs (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job          text        NOT NULL,
    trading_date text        NOT NULL DEFAULT '',
    slot         integer     NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 1,
    forced       boolean     NOT NULL DEFAULT false,
    entry        text        NOT NULL DEFAULT '',
    host         text        NOT NULL DEFAULT '',
    pid          bigint      NOT NULL DEFAULT 0,
    state        text        NOT NULL,
    reason       text        NOT NULL DEFAULT '',
    started      timestamptz NOT NULL,
    finished     timestamptz
);

CREATE TABLE cells (
    run_id      bigint NOT NULL REFERENCES runs (id),
    instrument  text   NOT NULL,
    timeframe   text   NOT NULL,
    state       text   NOT NULL,
    reason      text   NOT NULL DEFAULT '',
    window_from timestamptz,
    window_to   timestamptz,
    requests    bigint NOT NULL DEFAULT 0,
    fetched     bigint NOT NULL DEFAULT 0,
    inserted    bigint NOT NULL DEFAULT 0,
    changed     bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,
    newest      timestamptz,
    finished    timestamptz,
    PRIMARY KEY (run_id, instrument, timeframe)
);

-- For people: names instead of numbers.
CREATE VIEW ohlc AS
SELECT s.instrument, s.timeframe, c.ts, c.open, c.high, c.low, c.close, c.volume
FROM series s JOIN candles c ON c.series_id = s.id;
