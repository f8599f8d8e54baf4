// Package sqlite keeps the archive and the ledger in one SQLite file, for a box without services.
//
// It has the methods and the rules of the PostgreSQL archive; package storetest holds both to them. The file is in WAL
// mode with synchronous = NORMAL: what was committed survives a killed process, and a power cut may take the last commits
// but never leaves half of one. Several processes on one machine may share the file; a network drive may not hold it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barkeep/store"
	"barkeep/store/sqlstore"
)

// Config says which file to open.
type Config struct {
	// Path of the database file; it and its folders are made when they are absent.
	Path string
	// Now is the clock of revisions; required.
	Now func() time.Time
	// Clock is the clock by which leases end; required. All processes that share the file have to share it: it is the
	// machine's, whatever time Now says.
	Clock func() time.Time
	// Hide hides secrets in the reasons of runs and cells that are written and read; nil where nothing is secret.
	Hide func(text string) string
	// Logger takes what a caller is not told by an error; nil for silence.
	Logger *slog.Logger
}

// Archive is an open database file. Its methods may be called by several goroutines at once: readers never wait, and
// writers queue up for the one connection that writes.
type Archive struct {
	*sqlstore.Store
	path   string
	now    func() time.Time
	clock  func() time.Time
	hide   func(string) string
	logger *slog.Logger
	file   *identity
	writer *sql.DB // exactly one connection; whoever holds it may write
	reader *sql.DB
	keeper *sql.Conn // of the readers; never used again: as long as one is open, no process makes the log anew
}

// Open opens the file, and makes it when it is absent. It does not migrate. The error names the path and says what is
// wrong with it: no folder can be made there, it is a folder, it may not be written, or it holds something else.
func Open(ctx context.Context, cfg Config) (*Archive, error) {
	if cfg.Path == "" {
		return nil, errors.New("open the SQLite archive: the path is empty; give a file, such as data/barkeep.db")
	}
	if cfg.Now == nil || cfg.Clock == nil {
		return nil, errors.New("open the SQLite archive: Config.Now or Config.Clock is nil; give both a clock")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	path, err := prepareFile(cfg.Path)
	if err != nil {
		return nil, err
	}
	a := &Archive{
		path: path, now: cfg.Now, clock: cfg.Clock, hide: cfg.Hide, logger: cfg.Logger, file: &identity{path: path},
	}
	if a.writer, err = filePool(a.file, writerDSN(path, "rwc"), writerDSN(path, "rw"), 1); err != nil {
		return nil, openError(path, err)
	}
	if a.reader, err = filePool(a.file, readerDSN(path), readerDSN(path), readers+1); err != nil {
		a.Close()
		return nil, openError(path, err)
	}
	a.Store = sqlstore.New(engine{keep(a.reader), a.clock, a.file, a.write}, dialect(a.hide))
	if err := a.probe(ctx); err != nil {
		a.Close()
		return nil, openError(path, err)
	}
	return a, nil
}

// probe proves that the file can be written and read: the engine finds out at the first statement only, and lets even
// a write transaction begin on a file that may only be read.
func (a *Archive) probe(ctx context.Context) error {
	tx, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.exec(ctx, `CREATE TABLE probe (column_of_nothing INTEGER)`); err != nil {
		return err
	}
	if a.keeper, err = a.reader.Conn(ctx); err != nil {
		return err
	}
	if _, _, err := versions(ctx, a.keeper, a.path); err != nil { // having read, it holds the log open
		return err
	}
	return a.file.remember()
}

// Close closes the file. Transactions that are still open are rolled back.
func (a *Archive) Close() {
	if a.keeper != nil {
		_ = a.keeper.Close() // it goes back to the readers, which are closed next
	}
	for _, db := range []*sql.DB{a.reader, a.writer} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil {
			a.logger.Warn("closing the archive failed", "path", a.path, "error", err)
		}
	}
}

// Ping tells whether the file can be read, and is the one that was opened.
func (a *Archive) Ping(ctx context.Context) error {
	err := watched(a.file, func() error {
		var objects int
		return a.reader.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&objects)
	})
	if err != nil {
		return fmt.Errorf("ping %s: %w", a.path, err)
	}
	return nil
}

// Writable tells whether a write would succeed now: the file can be read, is the one that was opened, may be written, and has a
// mebibyte of room. It takes no lock.
func (a *Archive) Writable(ctx context.Context) error {
	if err := a.Ping(ctx); err != nil {
		return err
	}
	return a.file.writable()
}

// Clock is that of store.Clock: a file has none.
func (a *Archive) Clock(context.Context) (time.Time, error) { return time.Time{}, store.ErrNoClock }
