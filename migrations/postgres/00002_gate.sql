-- +goose Up

-- The token that writers of a run show, and the end of its lease by this server's clock. Runs of the previous release have
-- neither: where a lease counts, none is one that is over.
ALTER TABLE runs ADD COLUMN token text NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN lease_until timestamptz;

-- One effective run of a slot (promise P1): whoever claims at the same instant as another fails here.
CREATE UNIQUE INDEX runs_effective ON runs (job, trading_date, slot)
WHERE NOT forced AND state IN ('running', 'done') AND trading_date <> '';

-- One run of a slot at a time, forced ones included.
CREATE UNIQUE INDEX runs_running ON runs (job, trading_date, slot) WHERE state = 'running' AND trading_date <> '';

-- A slot is missed once.
CREATE UNIQUE INDEX runs_missed ON runs (job, trading_date, slot) WHERE state = 'missed' AND trading_date <> '';

-- The runs of a slot. Claims count attempts as of their statement's beginning, so two could count alike where a whole run
-- passes in between: the attempts of claims, which are the runs with a token, differ.
CREATE UNIQUE INDEX runs_attempt ON runs (job, trading_date, slot, attempt, (CASE WHEN token = '' THEN id ELSE 0 END))
WHERE trading_date <> '';

-- Since when each job is run by its schedule, which is told by its text.
CREATE TABLE schedules (
    job      text        PRIMARY KEY,
    schedule text        NOT NULL,
    since    timestamptz NOT NULL
);

-- What people were told about slots. Its times are this server's.
CREATE TABLE notices (
    job          text        NOT NULL,
    trading_date text        NOT NULL,
    slot         integer     NOT NULL,
    kind         text        NOT NULL,
    turn_until   timestamptz NOT NULL,
    told         timestamptz,
    PRIMARY KEY (job, trading_date, slot, kind)
);
