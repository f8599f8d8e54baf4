package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"barkeep/store"
)

// identity is which files an archive has open: the database, its write-ahead log and the index of that. A file that is deleted,
// renamed or replaced stays open, and the engine goes on reading and writing what nobody finds any more; so the paths are looked
// at around every use.
type identity struct {
	path  string                   // of the database, absolute
	files atomic.Pointer[[]opened] // nil until remember
}

// opened is a file that is open, and the path where it has to be.
type opened struct {
	path string
	info os.FileInfo
}

// remember takes the files at the paths for those that are open. A connection that has read is open meanwhile: it keeps the
// engine from making a log anew.
func (i *identity) remember() error {
	real, err := filepath.EvalSymlinks(i.path) // beside it the engine keeps the log
	if err != nil {
		return i.moved(err.Error())
	}
	var files []opened
	for _, path := range []string{i.path, real + "-wal", real + "-shm"} {
		info, err := os.Stat(path)
		switch {
		case err == nil:
			files = append(files, opened{path, info})
		case path == i.path:
			return i.moved(err.Error())
		}
	}
	i.files.Store(&files)
	return nil
}

// known tells whether remember was called.
func (i *identity) known() bool { return i.files.Load() != nil }

// check tells, as a store.Fault, that the file of a path is another one than is open, or is gone. It costs some microseconds.
func (i *identity) check() error {
	files := i.files.Load()
	if files == nil {
		return nil
	}
	for _, file := range *files {
		info, err := os.Stat(file.path)
		switch {
		case err != nil:
			return i.moved(err.Error())
		case !os.SameFile(info, file.info):
			return i.moved(file.path + " is another file now")
		}
	}
	return nil
}

// moved is the fault of a file that was deleted, renamed or replaced.
func (i *identity) moved(detail string) error {
	return &store.Fault{
		Kind: store.ErrReplaced, Archive: i.path, Detail: detail,
		Remedy: "nothing is stored any more: put the file back with its -wal and -shm, or stop this process and start it again",
	}
}

// connector opens the connections of a pool, of an archive's own file only.
type connector struct {
	driver driver.Driver
	file   *identity
	first  string // DSN before the file is known: it makes one
	later  string
}

// Connect implements driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	if !c.file.known() {
		return c.driver.Open(c.first)
	}
	if err := c.file.check(); err != nil {
		return nil, err
	}
	conn, err := c.driver.Open(c.later)
	if err != nil {
		return nil, err
	}
	if err := c.file.check(); err != nil {
		return nil, fmt.Errorf("%w (%v)", err, conn.Close()) //nolint:errorlint // the first is what matters
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.driver }

// filePool is pool for connections that have to find the same file each time.
func filePool(file *identity, first, later string, size int) (*sql.DB, error) {
	registered, err := sql.Open("sqlite", later)
	if err != nil {
		return nil, err
	}
	engine := registered.Driver()
	if err := registered.Close(); err != nil {
		return nil, err
	}
	db := sql.OpenDB(&connector{driver: engine, file: file, first: first, later: later})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}
