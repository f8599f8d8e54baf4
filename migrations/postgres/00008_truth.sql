-- +goose Up

-- Up to which version of its base a derived series holds what the base gives; 0 where an earlier release wrote it.
ALTER TABLE series ADD COLUMN folded bigint NOT NULL DEFAULT 0;
-- In which currency and unit the newest answer quoted a base series ("GBp" is pence); empty where none said so yet.
ALTER TABLE series ADD COLUMN unit text NOT NULL DEFAULT '';

-- Up to which version of a base series its arrivals are recorded; 0 where none are: of derived series, and where an earlier release
-- wrote all bars. It is behind the version once an earlier release wrote bars, and what arrived when is not known any more.
ALTER TABLE series ADD COLUMN recorded bigint NOT NULL DEFAULT 0;
-- When something of the series was written last, in Unix microseconds: each arrival, revision and restatement is later than the one
-- before, though the clock may stand still or go back.
ALTER TABLE series ADD COLUMN changed_at bigint NOT NULL DEFAULT 0;

-- By which run the values of a bar were replaced, NULL for none, and why: 0 not noted, 1 another answer, 2 another fold, 3 taken out,
-- 4 a restatement whose undoing would not give these bits.
ALTER TABLE candle_revisions ADD COLUMN run_id bigint;
ALTER TABLE candle_revisions ADD COLUMN cause smallint NOT NULL DEFAULT 0;

-- When the bars of a base series arrived: all that start between first_ts and last_ts (Unix seconds, both included) and are in no
-- range that arrived later. at is in Unix microseconds.
CREATE TABLE arrivals (
    series_id integer NOT NULL,
    at        bigint NOT NULL,
    first_ts  bigint NOT NULL,
    last_ts   bigint NOT NULL,
    run_id    bigint,
    PRIMARY KEY (series_id, at, first_ts)
);

-- Splits, dividends and capital gains. day is the date of effect by the exchange's clock, in days since 1970; at is the instant that
-- the source gave, in Unix seconds; seen and gone are in Unix microseconds. One that was wrong stays, with when and by whom it
-- was taken back.
CREATE TABLE actions (
    instrument  text    NOT NULL,
    number      bigint NOT NULL,
    kind        text    NOT NULL,
    day         bigint NOT NULL,
    at          bigint NOT NULL,
    numerator   double precision NOT NULL,
    denominator double precision NOT NULL,
    amount      double precision NOT NULL,
    currency    text    NOT NULL,
    source      text    NOT NULL,
    note        text    NOT NULL,
    seen        bigint NOT NULL,
    run_id      bigint,
    gone        bigint,
    gone_by     text    NOT NULL DEFAULT '',
    PRIMARY KEY (instrument, number)
);
CREATE UNIQUE INDEX actions_effective ON actions (instrument, kind, day) WHERE gone IS NULL;

-- Changes of the scale of a series: its bars that started before before_ts (Unix seconds) were multiplied, at (Unix microseconds).
-- action is the number of the split, 0 for a change of unit or one that a person accepted; undoes is the number of the restatement
-- that this one took back, 0 for none.
CREATE TABLE restatements (
    series_id  integer NOT NULL,
    number     bigint NOT NULL,
    at         bigint NOT NULL,
    run_id     bigint,
    action     bigint NOT NULL,
    undoes     bigint NOT NULL,
    reason     text    NOT NULL,
    before_ts  bigint NOT NULL,
    price_num  double precision NOT NULL,
    price_den  double precision NOT NULL,
    volume_num double precision NOT NULL,
    volume_den double precision NOT NULL,
    bars       bigint NOT NULL,
    kept       bigint NOT NULL,
    PRIMARY KEY (series_id, number)
);
CREATE UNIQUE INDEX restatements_once ON restatements (series_id, action) WHERE action <> 0 AND undoes = 0;

-- From which date on (days since 1970) the bars are those of this listing, where a person accepted it; NULL for all of them.
ALTER TABLE listings ADD COLUMN from_day bigint;

-- Answers that contradict their series, of which nothing was stored: one row for each series and cause. says is for people, the
-- rest for a program, as JSON. Times are in Unix microseconds.
CREATE TABLE held_back (
    instrument text    NOT NULL,
    timeframe  text    NOT NULL,
    cause      text    NOT NULL,
    says       text    NOT NULL,
    detail     text    NOT NULL,
    first_seen bigint NOT NULL,
    last_seen  bigint NOT NULL,
    times      bigint NOT NULL,
    PRIMARY KEY (instrument, timeframe, cause)
);

-- Series and windows as they were known at an instant, with the digest of their bars. contents is JSON; times are in Unix microseconds.
CREATE TABLE datasets (
    name     text    PRIMARY KEY,
    as_of    bigint NOT NULL,
    created  bigint NOT NULL,
    contents text    NOT NULL,
    digest   text    NOT NULL
);

-- complete is false for a derived bar some of whose base bars are absent; flags names in words what is odd about a bar.
CREATE OR REPLACE VIEW ohlc AS
SELECT s.instrument, s.timeframe, c.ts, c.open, c.high, c.low, c.close, c.volume, (c.flags & 8) = 0 AS complete,
       concat_ws(' ', CASE WHEN c.flags & 1 <> 0 THEN 'outside' END, CASE WHEN c.flags & 2 <> 0 THEN 'negative' END,
                 CASE WHEN c.flags & 4 <> 0 THEN 'off-tick' END, CASE WHEN c.flags & 8 <> 0 THEN 'incomplete' END,
                 CASE WHEN c.flags & 16 <> 0 THEN 'off-session' END, CASE WHEN c.flags & 32 <> 0 THEN 'impossible' END) AS flags
FROM series s JOIN candles c ON c.series_id = s.id;
