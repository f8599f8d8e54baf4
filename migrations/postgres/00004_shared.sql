-- +goose Up

-- Who works on what a name stands for, and until when, in Unix microseconds of this server's clock.
CREATE TABLE leases (
    name  text PRIMARY KEY,
    token text NOT NULL,
    until bigint NOT NULL
);

-- The requests to a provider that all processes share: when the next one may be sent, in Unix microseconds of
-- this server's clock, and how many there are of a UTC day, in days since 1970.
CREATE TABLE budgets (
    name text PRIMARY KEY,
    next bigint NOT NULL,
    day  bigint NOT NULL,
    used bigint NOT NULL
);
