// Package migrations holds the schemas of both archives as numbered SQL files, embedded in the binary.
//
// The files are read by goose (github.com/pressly/goose): NNNNN_name.sql with a "-- +goose Up" section. They go forward
// only, and the previous release of Barkeep still runs on the schema that a new file makes.
package migrations

import (
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// files is written by the compiler alone: go:embed needs a variable of the package.
//
//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Files are the migrations of one engine, in the root of the file system.
type Files struct{ fs.FS }

// Postgres returns the migrations of the PostgreSQL archive.
func Postgres() Files { return folder("postgres") }

// SQLite returns the migrations of the SQLite archive.
func SQLite() Files { return folder("sqlite") }

// Latest is the number of the newest one.
func (f Files) Latest() (latest int64, err error) {
	names, err := fs.Glob(f, "*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, bad := strconv.ParseInt(number, 10, 64)
		latest, err = max(latest, version), errors.Join(err, bad)
	}
	return latest, err
}

func folder(name string) Files {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the name is none: a constant above is wrong
	}
	return Files{sub}
}
