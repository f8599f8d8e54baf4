package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// partial marks a copy that is not complete or not checked yet.
const partial = ".partial"

// reserve makes the empty file that the copy is written into, for the owner alone; of two backups to one name one gets it.
func reserve(file string) error {
	if _, err := os.Lstat(file); err == nil {
		return refusal{fmt.Errorf("%s is there already: give the name of a new file", file)}
	}
	f, err := os.OpenFile(file+partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrExist):
		return refusal{fmt.Errorf("%s is there: another backup is being written, or one was killed; remove it if none is running",
			file+partial)}
	case errors.Is(err, fs.ErrNotExist):
		return refusal{fmt.Errorf("the folder %s does not exist: make it first", filepath.Dir(file))}
	}
	return refusal{fmt.Errorf("make the copy: %w", err)}
}

// publish gives a copy its name once it is on the disk, and returns when the name is too.
func publish(file string) error {
	if err := flush(file + partial); err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s was made by somebody else meanwhile", file)
	}
	if err := os.Rename(file+partial, file); err != nil {
		return fmt.Errorf("give the copy its name: %w", err)
	}
	return flush(filepath.Dir(file))
}

// flush waits until a file, or the names in a folder, are on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("flush %s: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("flush %s: %w", path, err)
	}
	return nil
}
