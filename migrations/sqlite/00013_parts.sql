-- +goose Up

-- The base bars of a derived bar in two bytes: how many it has in the lower one, how many were due in the upper one, where 0
-- stands for not known. Both are 0 for bars that were fetched, and for those that a release folded that did not count.
-- It costs each bar a byte, and a derived one two more.
ALTER TABLE candles ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;

-- base_bars and base_due are NULL where the bar was not made of others, or nobody counted; base_due also where it is not known.
DROP VIEW ohlc;
CREATE VIEW ohlc AS
SELECT s.instrument, s.timeframe, strftime('%Y-%m-%dT%H:%M:%SZ', c.ts, 'unixepoch') AS ts,
       c.open, c.high, c.low, c.close, c.volume, (c.flags & 8) = 0 AS complete,
       ltrim(iif(c.flags & 1, ' outside', '') || iif(c.flags & 2, ' negative', '') || iif(c.flags & 4, ' off-tick', '') ||
             iif(c.flags & 8, ' incomplete', '') || iif(c.flags & 16, ' off-session', '') || iif(c.flags & 32, ' impossible', '')) AS flags,
       CASE WHEN c.parts <> 0 THEN c.parts & 255 END AS base_bars, nullif((c.parts >> 8) & 255, 0) AS base_due
FROM series s JOIN candles c ON c.series_id = s.id;
