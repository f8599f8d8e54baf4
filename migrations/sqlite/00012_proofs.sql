-- +goose Up

-- How far the bars of a coarser series are what those of a finer one give, by instrument and month. month is 12 * the year + the month - 1,
-- of the trading dates; bars are those that were compared, and same those of them that agree; causes is JSON, sessions by cause of their
-- disagreement; at is when they were compared, in Unix microseconds.
CREATE TABLE proofs (
    instrument TEXT    NOT NULL,
    finer      TEXT    NOT NULL,
    coarser    TEXT    NOT NULL,
    month      INTEGER NOT NULL,
    sessions   INTEGER NOT NULL,
    agreed     INTEGER NOT NULL,
    bars       INTEGER NOT NULL,
    same       INTEGER NOT NULL,
    causes     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (instrument, finer, coarser, month)
) STRICT, WITHOUT ROWID;
