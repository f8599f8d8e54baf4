package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	codes "modernc.org/sqlite/lib"
)

// openStill opens a file beside which nothing can be made, after the engine refused it for that: err is what it said. The engine
// reads such a file as long as its -wal and -shm are there, which they are while anybody has it open; so nobody has.
func (v *View) openStill(ctx context.Context, path string, err error) error {
	if c := code(err); c != codes.SQLITE_CANTOPEN && c != codes.SQLITE_READONLY {
		return err
	}
	real, missing := filepath.EvalSymlinks(path)
	if missing != nil {
		return err
	}
	if log, missing := os.Stat(real + "-wal"); missing == nil && log.Size() > 0 {
		return v.openCopy(ctx, real)
	}
	info, missing := os.Stat(real)
	if missing != nil {
		return err
	}
	still := &still{path: real, info: info}
	v.files = still
	if again := v.open(ctx, stillDSN(real)); again != nil {
		return errors.Join(err, again)
	}
	return still.check()
}

// stillDSN tells the engine that nobody writes the file: it takes no locks and looks for no log.
func stillDSN(path string) string {
	return dsn(path, url.Values{"mode": {"ro"}, "immutable": {"1"}, "_pragma": {cachePragma()}})
}

// still watches a file that is read without locks: should somebody write it after all, what was read is not believed.
type still struct {
	path string
	info os.FileInfo
}

func (s *still) check() error {
	now, err := os.Stat(s.path)
	switch {
	case err != nil:
		return err
	case !os.SameFile(now, s.info) || now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime()):
		return fmt.Errorf("%s was written while it was read without a lock, since nothing can be made beside it: try again", s.path)
	}
	return nil
}

func (s *still) explain(err error) error { return err }

// openCopy opens a copy of a file and of the log that holds its last changes, for only together they are the archive.
func (v *View) openCopy(ctx context.Context, path string) error {
	folder, err := os.MkdirTemp("", "barkeep-view-*")
	if err != nil {
		return fmt.Errorf("its -wal has changes, and no folder can be made for a copy of both: %w", err)
	}
	v.close = func() error { return os.RemoveAll(folder) }
	target := filepath.Join(folder, "archive.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(path+suffix, target+suffix); err != nil {
			return errors.Join(fmt.Errorf("copy what its -wal has changes for: %w", err), v.close())
		}
	}
	if err := v.open(ctx, dsn(target, url.Values{"mode": {"rw"}, "_query_only": {"1"}, "_pragma": {cachePragma()}})); err != nil {
		return errors.Join(err, v.close())
	}
	return nil
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
