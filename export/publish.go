package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// partial ends the names of files that are being written, beside the one that they become. They begin with a dot: readers of such
// folders leave those out.
const partial = ".partial"

// create makes a file to write beside its place.
func create(path string) (*os.File, error) {
	for n := 0; ; n++ {
		name := fmt.Sprintf(".%s.%d-%d%s", filepath.Base(path), os.Getpid(), n, partial)
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// sweep takes away what exports left in a folder that were killed; only of one file if its name is given.
func sweep(folder, of string) error {
	all, err := os.ReadDir(folder)
	for _, entry := range all {
		name := entry.Name()
		if !strings.HasPrefix(name, "."+of) || !strings.HasSuffix(name, partial) {
			continue
		}
		f, opened := os.Open(filepath.Join(folder, name))
		if opened != nil {
			continue // somebody else took it away
		}
		if lock(f) == nil { // nobody is writing it
			err = errors.Join(err, os.Remove(f.Name()))
		}
		_ = f.Close() // it was only read
	}
	return err
}

// publish writes a file: beside its place, onto the disk, read back by check, and only then under its name. After an error what
// was there before is there still. replace is asked before it gets the name; when it says no, the new one is dropped.
func publish(
	path string, write func(io.Writer) error, check func(path string) error, replace func() bool,
) (size int64, err error) {
	folder := filepath.Dir(path)
	if err := errors.Join(makeFolder(folder), sweep(folder, filepath.Base(path)+".")); err != nil {
		return 0, err
	}
	f, err := create(path)
	if err != nil {
		return 0, unusable{fmt.Errorf("write %s: %w", path, err)}
	}
	if err = lock(f); err == nil {
		size, err = fill(f, write)
	}
	if err == nil {
		err = check(f.Name())
	}
	drop := err != nil || !replace()
	err = errors.Join(err, f.Close()) // before it gets its name: an open file cannot be renamed everywhere
	if drop || err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	} else {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", path, err)
	}
	return size, flush(folder)
}

// fill writes a file and waits until it is on the disk.
func fill(f *os.File, write func(io.Writer) error) (int64, error) {
	out := bufio.NewWriterSize(f, 1<<18)
	if err := errors.Join(write(out), out.Flush()); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	return f.Seek(0, io.SeekEnd)
}

// makeFolder makes a folder and those above it; their names are on the disk when it returns.
func makeFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return unusable{fmt.Errorf("%s is in the way: it is no folder", path)}
	case !errors.Is(err, fs.ErrNotExist):
		return unusable{err}
	}
	above := filepath.Dir(path)
	if err := makeFolder(above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable{fmt.Errorf("make the folder: %w", err)}
	}
	return flush(above)
}
