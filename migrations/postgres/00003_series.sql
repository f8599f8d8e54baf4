-- +goose Up

-- What is known of a series without a look at its bars, written with them: the starts of the first and the last one in Unix
-- seconds, and a version that grows with every transaction that inserts or changes bars. counted is the number of bars of
-- which these three speak; the previous release writes bars alone, and where the two differ the three are out of date.
ALTER TABLE series ADD COLUMN source text NOT NULL DEFAULT 'yahoo';
ALTER TABLE series ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN counted bigint NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN first_ts bigint;
ALTER TABLE series ADD COLUMN last_ts bigint;

UPDATE series s
SET version = 1, counted = bars,
    first_ts = (SELECT extract(epoch FROM c.ts) FROM candles c WHERE c.series_id = s.id ORDER BY c.ts LIMIT 1),
    last_ts = (SELECT extract(epoch FROM c.ts) FROM candles c WHERE c.series_id = s.id ORDER BY c.ts DESC LIMIT 1)
WHERE bars > 0;

-- What a run in progress said last, as JSON; empty when it said nothing.
ALTER TABLE runs ADD COLUMN progress text NOT NULL DEFAULT '';
