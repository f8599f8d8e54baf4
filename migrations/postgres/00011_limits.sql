-- +goose Up

-- What a source was found to serve of a timeframe, when it refused more: how far back from now, and the longest window of one request,
-- both in seconds, NULL where no bound was found. symbol is empty where it holds for all. learned is in Unix seconds of the machine that
-- found it.
CREATE TABLE learned_limits (
    source    text NOT NULL,
    symbol    text NOT NULL,
    timeframe text NOT NULL,
    depth     bigint,
    length    bigint,
    learned   bigint NOT NULL,
    PRIMARY KEY (source, symbol, timeframe)
);
