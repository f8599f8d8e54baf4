-- +goose Up

-- How far the bars of a coarser series are what those of a finer one give, by instrument and month. month is 12 * the year + the month - 1,
-- of the trading dates; bars are those that were compared, and same those of them that agree; causes is JSON, sessions by cause of their
-- disagreement; at is when they were compared, in Unix microseconds.
CREATE TABLE proofs (
    instrument text    NOT NULL,
    finer      text    NOT NULL,
    coarser    text    NOT NULL,
    month      bigint  NOT NULL,
    sessions   bigint  NOT NULL,
    agreed     bigint  NOT NULL,
    bars       bigint  NOT NULL,
    same       bigint  NOT NULL,
    causes     text    NOT NULL,
    at         bigint  NOT NULL,
    PRIMARY KEY (instrument, finer, coarser, month)
);
