-- +goose Up

-- How many requests a budget has granted of each UTC day, in days since 1970. Budgets keep the newest day too, for the previous
-- release; of the two counts of a day the larger one counts.
CREATE TABLE budget_days (
    name TEXT    NOT NULL,
    day  INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (name, day)
) STRICT, WITHOUT ROWID;
