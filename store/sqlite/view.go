package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"barkeep/store"
	"barkeep/store/sqlstore"
)

// View is a database file that is open for reading only: it is not made, not migrated, and no byte of it is written. Where its
// folder may be written, a file in WAL mode, which those of Archive are, gets its -wal and -shm files beside it where they are
// absent, both without content. Where it may not, a file that nobody has open is read as it is, or, with changes in its -wal, as
// a copy.
type View struct {
	*sqlstore.Store
	path  string
	db    *sql.DB
	file  *identity
	files watch
	clock func() time.Time
	close func() error
}

// OpenView opens a file that is there. Clock and hide are those of a Config. The error names the path and says what is wrong with
// it; it wraps fs.ErrNotExist when there is no file.
func OpenView(
	ctx context.Context, path string, clock func() time.Time, hide func(string) string,
) (*View, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open the SQLite archive %s: there is no such file: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("open the SQLite archive %s: %w", path, err)
	case info.IsDir():
		return nil, fmt.Errorf("open the SQLite archive %s: it is a folder; give the path of a file", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the SQLite archive %s: %w", path, err)
	}
	v := &View{path: path, clock: clock, file: &identity{path: absolute}, close: func() error { return nil }}
	err = v.open(ctx, viewDSN(absolute))
	if err == nil {
		v.files, err = v.file, v.file.remember()
	} else {
		err = v.openStill(ctx, absolute, err)
	}
	if err != nil {
		return nil, errors.Join(openError(path, err), v.db.Close(), v.close())
	}
	v.Store = sqlstore.New(engine{keep(v.db), clock, v.files, v.refuse}, dialect(hide))
	return v, nil
}

// open tries a connection: the engine finds out at the first statement only.
func (v *View) open(ctx context.Context, dsn string) (err error) {
	if v.db, err = pool(dsn, readers); err != nil {
		return err
	}
	if _, _, err := v.SchemaVersion(ctx); err != nil {
		return errors.Join(err, v.db.Close())
	}
	return nil
}

// refuse is the write of an archive that is open for reading.
func (v *View) refuse(context.Context, func(*Tx) error) error {
	return &store.Fault{Kind: store.ErrReadOnly, Archive: v.path, Detail: "it was opened for reading"}
}

func viewDSN(path string) string {
	return dsn(path, url.Values{
		"mode":          {"ro"},
		"_busy_timeout": {milliseconds(readerWait)},
		"_pragma":       {cachePragma()},
	})
}

// Writable tells whether this process could write the archive: the file, and the folder, where the engine makes the log.
func (v *View) Writable(context.Context) error {
	if err := v.file.writable(); err != nil {
		return err
	}
	if err := mayWrite(filepath.Dir(v.file.path)); err != nil {
		return v.file.readOnly(err)
	}
	return nil
}

// Close closes the file.
func (v *View) Close() error { return errors.Join(v.db.Close(), v.close()) }

// SchemaVersion returns the version of the file's schema, 0 for one that is no archive, and the newest one this program knows.
func (v *View) SchemaVersion(ctx context.Context) (current, latest int64, err error) {
	return versions(ctx, v.db, v.path)
}

// CopyTo writes a consistent copy into a file that is empty: without gaps, and not in WAL mode, so that it is one file. Others
// may write meanwhile; moved tells whether somebody did after snapshot was taken and before the copy was complete, so that
// the two may differ. The copy is not yet safe from a power cut.
func (v *View) CopyTo(ctx context.Context, path string) (snapshot store.Snapshot, moved bool, err error) {
	conn, err := v.db.Conn(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("copy %s: %w", v.path, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	before, err := dataVersion(ctx, conn)
	if err != nil {
		return nil, false, fmt.Errorf("copy %s: %w", v.path, err)
	}
	if snapshot, err = v.Snapshot(ctx); err != nil {
		return nil, false, fmt.Errorf("copy %s: %w", v.path, err)
	}
	err = watched(v.files, func() error {
		_, err := conn.ExecContext(ctx, `VACUUM INTO ?`, path)
		return err
	})
	if err == nil {
		var after int64
		after, err = dataVersion(ctx, conn)
		moved = after != before
	}
	if err != nil {
		snapshot.Close()
		return nil, false, copyError(v.path, path, err)
	}
	return snapshot, moved, nil
}

// dataVersion is a number that changes whenever another connection has committed something.
func dataVersion(ctx context.Context, conn *sql.Conn) (version int64, err error) {
	err = conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version)
	return version, err
}

// Integrity reads every page of the file and says what is damaged; nil when nothing is.
func (v *View) Integrity(ctx context.Context) error {
	var said []string
	var line string
	err := rows(ctx, v.db, `PRAGMA integrity_check(3)`, nil, []any{&line}, func() error {
		said = append(said, line)
		return nil
	})
	if err != nil {
		return fmt.Errorf("check %s: %w", v.path, err)
	}
	if len(said) != 1 || said[0] != "ok" {
		return fmt.Errorf("check %s: it is damaged: %q", v.path, said)
	}
	return nil
}

// Clock is that of store.Clock: a file has none.
func (v *View) Clock(context.Context) (time.Time, error) { return time.Time{}, store.ErrNoClock }
