package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	codes "modernc.org/sqlite/lib"

	"barkeep/store"
)

// leastRoom is how many bytes have to be free on the disk for a write to be worth trying.
const leastRoom = 1 << 20

// explain makes a store.Fault of an engine's error that trying again does not mend. All others come back as they are.
func (i *identity) explain(err error) error {
	said := code(err)
	if err == nil || said == 0 || store.Lasting(err) {
		return err
	}
	var moved *store.Fault
	if errors.As(i.check(), &moved) {
		moved.Err = err
		return moved
	}
	switch said {
	case codes.SQLITE_FULL:
		return i.full(err)
	case codes.SQLITE_READONLY, codes.SQLITE_PERM, codes.SQLITE_AUTH:
		return i.readOnly(err)
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return &store.Fault{
			Kind: store.ErrDamaged, Archive: i.path, Err: err,
			Remedy: "stop the worker, copy the file with its -wal away, and restore a backup or let sqlite3's .recover read it",
		}
	case codes.SQLITE_ERROR:
		return &store.Fault{Kind: store.ErrSchema, Archive: i.path, Err: err, Remedy: "run barkeep migrate, or restore a backup"}
	case codes.SQLITE_IOERR, codes.SQLITE_CANTOPEN:
		return i.ofSystem(i.tryWriting(), err)
	}
	return err
}

// ofSystem makes a store.Fault of what the system says of a write beside the archive: the engine tells a quota that is used up
// and a device that breaks by the same code. Without a reason the engine's error stays.
func (i *identity) ofSystem(reason, err error) error {
	switch {
	case errors.Is(reason, syscall.ENOSPC), errors.Is(reason, syscall.EDQUOT), errors.Is(reason, syscall.EFBIG):
		return i.full(fmt.Errorf("%w (%w)", err, reason))
	case errors.Is(reason, syscall.EROFS), errors.Is(reason, fs.ErrPermission):
		return i.readOnly(fmt.Errorf("%w (%w)", err, reason))
	}
	return err
}

func (i *identity) full(err error) error {
	fault := &store.Fault{
		Kind: store.ErrFull, Archive: i.path, Err: err,
		Remedy: "free some or enlarge it, and run barkeep sync again; nothing is half-written",
	}
	if free, total, name, ok := roomOf(filepath.Dir(i.path)); ok {
		fault.Detail = fmt.Sprintf("%s: %s of %s are free", name, mebibytes(free), mebibytes(total))
	}
	return fault
}

func (i *identity) readOnly(err error) error {
	return &store.Fault{
		Kind: store.ErrReadOnly, Archive: i.path, Err: err,
		Remedy: "let this user write the file and its folder, or mount the file system for writing",
	}
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// tryWriting writes as far into a file beside the archive as the engine does into its log, and removes it. It is called after a
// failure only.
func (i *identity) tryWriting() error {
	at := int64(0)
	for _, path := range []string{i.path, i.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			at = max(at, info.Size())
		}
	}
	file, err := os.CreateTemp(filepath.Dir(i.path), ".barkeep-room-*")
	if err != nil {
		return err
	}
	_, err = file.WriteAt(make([]byte, leastRoom), at)
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// writable tells, without the engine and its locks, whether the file can be written now.
func (i *identity) writable() error {
	if err := i.check(); err != nil {
		return err
	}
	if err := mayWrite(i.path); err != nil {
		return i.readOnly(err)
	}
	if free, _, _, ok := roomOf(filepath.Dir(i.path)); ok && free < leastRoom {
		return i.full(nil)
	}
	return nil
}

// Room is how many bytes this process can still write to the file system of the archive, and how many that has; false where the
// system does not tell.
func (a *Archive) Room() (free, total uint64, ok bool) {
	free, total, _, ok = roomOf(filepath.Dir(a.path))
	return free, total, ok
}
