-- +goose Up

-- From which start on (Unix seconds) bars were multiplied: those before it are of another listing. NULL for all of them.
ALTER TABLE restatements ADD COLUMN from_ts INTEGER;
