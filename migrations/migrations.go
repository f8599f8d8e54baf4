// Package migrations holds the schemas of both archives as numbered SQL files, embedded in the binary.
//
// The files are read by goose (github.com/pressly/goose): NNNNN_name.sql with a "-- +goose Up" section. They go forward
// only, and the previous release of Barkeep still runs on the schema that a new file makes.
package migrations

import (
	"embed"
	"io/fs"
)

// files is written by the compiler alone: go:embed needs a variable of the package.
//
//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Postgres returns the migrations of the PostgreSQL archive, in the root of the file system.
func Postgres() fs.FS { return folder("postgres") }

// SQLite returns the migrations of the SQLite archive, in the root of the file system.
func SQLite() fs.FS { return folder("sqlite") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the name is none: a constant above is wrong
	}
	return sub
}
