-- +goose Up

-- Up to which version of its base a derived series holds what the base gives; 0 where an earlier release wrote it.
ALTER TABLE series ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
-- In which currency and unit the newest answer quoted a base series ("GBp" is pence); empty where none said so yet.
ALTER TABLE series ADD COLUMN unit TEXT NOT NULL DEFAULT '';

-- Up to which version of a base series its arrivals are recorded; 0 where none are: of derived series, and where an earlier release
-- wrote all bars. It is behind the version once an earlier release wrote bars, and what arrived when is not known any more.
ALTER TABLE series ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
-- When something of the series was written last, in Unix microseconds: each arrival, revision and restatement is later than the one
-- before, though the clock may stand still or go back.
ALTER TABLE series ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;

-- By which run the values of a bar were replaced, NULL for none, and why: 0 not noted, 1 another answer, 2 another fold, 3 taken out,
-- 4 a restatement whose undoing would not give these bits.
ALTER TABLE candle_revisions ADD COLUMN run_id INTEGER;
ALTER TABLE candle_revisions ADD COLUMN cause INTEGER NOT NULL DEFAULT 0;

-- When the bars of a base series arrived: all that start between first_ts and last_ts (Unix seconds, both included) and are in no
-- range that arrived later. at is in Unix microseconds.
CREATE TABLE arrivals (
    series_id INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    first_ts  INTEGER NOT NULL,
    last_ts   INTEGER NOT NULL,
    run_id    INTEGER,
    PRIMARY KEY (series_id, at, first_ts)
) STRICT, WITHOUT ROWID;

-- Splits, dividends and capital gains. day is the date of effect by the exchange's clock, in days since 1970; at is the instant that
-- the source gave, in Unix seconds; seen and gone are in Unix microseconds. One that was wrong stays, with when and by whom it
-- was taken back.
CREATE TABLE actions (
    instrument  TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    day         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    numerator   REAL    NOT NULL,
    denominator REAL    NOT NULL,
    amount      REAL    NOT NULL,
    currency    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    seen        INTEGER NOT NULL,
    run_id      INTEGER,
    gone        INTEGER,
    gone_by     TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (instrument, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX actions_effective ON actions (instrument, kind, day) WHERE gone IS NULL;

-- Changes of the scale of a series: its bars that started before before_ts (Unix seconds) were multiplied, at (Unix microseconds).
-- action is the number of the split, 0 for a change of unit or one that a person accepted; undoes is the number of the restatement
-- that this one took back, 0 for none.
CREATE TABLE restatements (
    series_id  INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    run_id     INTEGER,
    action     INTEGER NOT NULL,
    undoes     INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    before_ts  INTEGER NOT NULL,
    price_num  REAL    NOT NULL,
    price_den  REAL    NOT NULL,
    volume_num REAL    NOT NULL,
    volume_den REAL    NOT NULL,
    bars       INTEGER NOT NULL,
    kept       INTEGER NOT NULL,
    PRIMARY KEY (series_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX restatements_once ON restatements (series_id, action) WHERE action <> 0 AND undoes = 0;

-- From which date on (days since 1970) the bars are those of this listing, where a person accepted it; NULL for all of them.
ALTER TABLE listings ADD COLUMN from_day INTEGER;

-- Answers that contradict their series, of which nothing was stored: one row for each series and cause. says is for people, the
-- rest for a program, as JSON. Times are in Unix microseconds.
CREATE TABLE held_back (
    instrument TEXT    NOT NULL,
    timeframe  TEXT    NOT NULL,
    cause      TEXT    NOT NULL,
    says       TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    PRIMARY KEY (instrument, timeframe, cause)
) STRICT, WITHOUT ROWID;

-- Series and windows as they were known at an instant, with the digest of their bars. contents is JSON; times are in Unix microseconds.
CREATE TABLE datasets (
    name     TEXT    PRIMARY KEY,
    as_of    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    contents TEXT    NOT NULL,
    digest   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- complete is 0 for a derived bar some of whose base bars are absent; flags names in words what is odd about a bar.
DROP VIEW ohlc;
CREATE VIEW ohlc AS
SELECT s.instrument, s.timeframe, strftime('%Y-%m-%dT%H:%M:%SZ', c.ts, 'unixepoch') AS ts,
       c.open, c.high, c.low, c.close, c.volume, (c.flags & 8) = 0 AS complete,
       ltrim(iif(c.flags & 1, ' outside', '') || iif(c.flags & 2, ' negative', '') || iif(c.flags & 4, ' off-tick', '') ||
             iif(c.flags & 8, ' incomplete', '') || iif(c.flags & 16, ' off-session', '') || iif(c.flags & 32, ' impossible', '')) AS flags
FROM series s JOIN candles c ON c.series_id = s.id;
