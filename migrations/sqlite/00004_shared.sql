-- +goose Up

-- Who works on what a name stands for, and until when, in Unix microseconds of the machine's clock.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The requests to a provider that all processes share: when the next one may be sent, in Unix microseconds of
-- the machine's clock, and how many there are of a UTC day, in days since 1970.
CREATE TABLE budgets (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL,
    day  INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
