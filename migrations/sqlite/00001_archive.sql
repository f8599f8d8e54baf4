-- +goose Up

-- One row a series. bars is kept by the transaction that inserts, so that counting 100 million rows costs nothing.
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    instrument TEXT    NOT NULL,
    timeframe  TEXT    NOT NULL,
    bars       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (instrument, timeframe)
) STRICT;

-- ts is the start of the bar in Unix seconds. WITHOUT ROWID makes the key the table: a window of a series is one run of
-- pages. There is no foreign key to series: it would be looked up for every bar, and the writer creates the row first.
CREATE TABLE candles (
    series_id INTEGER NOT NULL,
    ts        INTEGER NOT NULL,
    open      REAL    NOT NULL,
    high      REAL    NOT NULL,
    low       REAL    NOT NULL,
    close     REAL    NOT NULL,
    volume    INTEGER,
    flags     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (series_id, ts)
) STRICT, WITHOUT ROWID;

-- The values that a changed bar had before. replaced_at is in Unix microseconds; revision counts from 1 for each bar.
CREATE TABLE candle_revisions (
    series_id   INTEGER NOT NULL,
    ts          INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    open        REAL    NOT NULL,
    high        REAL    NOT NULL,
    low         REAL    NOT NULL,
    close       REAL    NOT NULL,
    volume      INTEGER,
    flags       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (series_id, ts, revision)
) STRICT, WITHOUT ROWID;

-- The ledger. Its times are in Unix microseconds, NULL where there is none. AUTOINCREMENT: a run's id is never used again.
CREATE TABLE runs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    job          TEXT    NOT NULL,
    trading_date TEXT    NOT NULL DEFAULT '',
    slot         INTEGER NOT NULL DEFAULT 0,
    attempt      INTEGER NOT NULL DEFAULT 1,
    forced       INTEGER NOT NULL DEFAULT 0,
    entry        TEXT    NOT NULL DEFAULT '',
    host         TEXT    NOT NULL DEFAULT '',
    pid          INTEGER NOT NULL DEFAULT 0,
    state        TEXT    NOT NULL,
    reason       TEXT    NOT NULL DEFAULT '',
    started      INTEGER NOT NULL,
    finished     INTEGER
) STRICT;

CREATE TABLE cells (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    instrument  TEXT    NOT NULL,
    timeframe   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    reason      TEXT    NOT NULL DEFAULT '',
    window_from INTEGER,
    window_to   INTEGER,
    requests    INTEGER NOT NULL DEFAULT 0,
    fetched     INTEGER NOT NULL DEFAULT 0,
    inserted    INTEGER NOT NULL DEFAULT 0,
    changed     INTEGER NOT NULL DEFAULT 0,
    unchanged   INTEGER NOT NULL DEFAULT 0,
    newest      INTEGER,
    finished    INTEGER,
    PRIMARY KEY (run_id, instrument, timeframe)
) STRICT, WITHOUT ROWID;

-- For people: names instead of numbers, ISO 8601 in UTC instead of seconds.
CREATE VIEW ohlc AS
SELECT s.instrument, s.timeframe, strftime('%Y-%m-%dT%H:%M:%SZ', c.ts, 'unixepoch') AS ts,
       c.open, c.high, c.low, c.close, c.volume
FROM series s JOIN candles c ON c.series_id = s.id;
