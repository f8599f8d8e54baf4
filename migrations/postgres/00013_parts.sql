-- +goose Up

-- The base bars of a derived bar in two bytes: how many it has in the lower one, how many were due in the upper one, where 0
-- stands for not known. Both are 0 for bars that were fetched, and for those that a release folded that did not count.
-- The column takes the two bytes to which a row was padded. It is never NULL, and a bar without a volume takes eight bytes more:
-- a bitmap of NULLs for nine columns does not fit into the head of a row.
ALTER TABLE candles ADD COLUMN parts smallint NOT NULL DEFAULT 0;

-- base_bars and base_due are NULL where the bar was not made of others, or nobody counted; base_due also where it is not known.
CREATE OR REPLACE VIEW ohlc AS
SELECT s.instrument, s.timeframe, c.ts, c.open, c.high, c.low, c.close, c.volume, (c.flags & 8) = 0 AS complete,
       concat_ws(' ', CASE WHEN c.flags & 1 <> 0 THEN 'outside' END, CASE WHEN c.flags & 2 <> 0 THEN 'negative' END,
                 CASE WHEN c.flags & 4 <> 0 THEN 'off-tick' END, CASE WHEN c.flags & 8 <> 0 THEN 'incomplete' END,
                 CASE WHEN c.flags & 16 <> 0 THEN 'off-session' END, CASE WHEN c.flags & 32 <> 0 THEN 'impossible' END) AS flags,
       CASE WHEN c.parts <> 0 THEN c.parts & 255 END AS base_bars, nullif((c.parts >> 8) & 255, 0) AS base_due
FROM series s JOIN candles c ON c.series_id = s.id;
