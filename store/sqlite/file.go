package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	modernc "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

const (
	readers    = 4
	readerWait = 15 * time.Second // how long a reader waits for a lock, which it meets in recovery only
	// The engine cannot be interrupted while it waits for another process. So it waits this long at most, and Begin
	// asks again until its own deadline.
	writerWait = 200 * time.Millisecond
	// cacheKiB is the page cache of one connection.
	cacheKiB = 16 << 10
	// walLimit is the size in bytes that the write-ahead log is cut back to after a large transaction.
	walLimit = 64 << 20
)

// prepareFile makes the folders above the file and returns its absolute path.
func prepareFile(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("open the SQLite archive %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o755); err != nil {
		return "", fmt.Errorf("open the SQLite archive %s: its folder cannot be made: %w", path, err)
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absolute, nil
	case err != nil:
		return "", fmt.Errorf("open the SQLite archive %s: %w", path, err)
	case info.IsDir():
		return "", fmt.Errorf("open the SQLite archive %s: it is a folder; give the path of a file", path)
	}
	return absolute, nil
}

// pool makes a connection pool that keeps its connections open.
func pool(dsn string, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// writerDSN has the mode rwc, in which the engine makes a file, or rw.
func writerDSN(path, mode string) string {
	return dsn(path, url.Values{
		"mode":          {mode},
		"_busy_timeout": {milliseconds(writerWait)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"NORMAL"},
		"_foreign_keys": {"1"},
		"_pragma":       {cachePragma(), fmt.Sprintf("journal_size_limit(%d)", walLimit)},
	})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{
		"mode":          {"rw"}, // the writer has made the file
		"_busy_timeout": {milliseconds(readerWait)},
		"_query_only":   {"1"},
		"_pragma":       {cachePragma()},
	})
}

// dsn writes the path as a URI, so that no character of it (a question mark, say) is taken for a parameter.
func dsn(path string, parameters url.Values) string {
	parameters.Set("_error_rc", "1")
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: parameters.Encode()}).String()
}

func cachePragma() string { return fmt.Sprintf("cache_size(%d)", -cacheKiB) }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// code is the primary result code of an engine's error; 0 for any other error.
func code(err error) int {
	var e *modernc.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// openError says in plain words why a file could not be opened.
func openError(path string, err error) error {
	said := "it cannot be opened"
	switch code(err) {
	case codes.SQLITE_NOTADB:
		said = "it is no SQLite database"
	case codes.SQLITE_CORRUPT:
		said = "the database is damaged"
	case codes.SQLITE_READONLY, codes.SQLITE_PERM:
		said = "it may not be written"
	case codes.SQLITE_CANTOPEN:
		said = "it can neither be opened nor made; may this user write there?"
	case codes.SQLITE_BUSY:
		said = "another process holds it locked"
	case codes.SQLITE_FULL:
		said = "the disk is full"
	}
	return fmt.Errorf("open the SQLite archive %s: %s: %w", path, said, err)
}

// copyError says in plain words why a copy of an archive could not be written.
func copyError(from, to string, err error) error {
	switch code(err) {
	case codes.SQLITE_FULL:
		return fmt.Errorf("copy %s to %s: the disk is full; the copy needs about as much room as the archive: %w", from, to, err)
	case codes.SQLITE_CORRUPT:
		return fmt.Errorf("copy %s to %s: the archive is damaged: %w", from, to, err)
	}
	return fmt.Errorf("copy %s to %s: %w", from, to, err)
}
