package sqlite_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/store/sqlite"
)

func TestViewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("these are notes, not bars\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"a folder":             {folder, "it is a folder"},
		"another kind of file": {text, "it is no SQLite database"},
		"nothing":              {filepath.Join(folder, "none.db"), "there is no such file"},
		"below a file":         {filepath.Join(text, "archive.db"), "not a directory"},
	} {
		view, err := sqlite.OpenView(t.Context(), test.path, time.Now, nil)
		if err == nil {
			t.Errorf("%s: it was opened: %v", name, view.Close())
			continue
		}
		if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.path) {
			t.Errorf("%s: the error is %q; it should name %q and say %q", name, err, test.path, test.want)
		}
		if errors.Is(err, fs.ErrNotExist) != (name == "nothing") {
			t.Errorf("%s: that there is no file is %v", name, errors.Is(err, fs.ErrNotExist))
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that was absent: %v", err)
	}
}

// A view leaves every byte of the file as it is, and finds what is in its log: of a file in use, of one that was left as a
// killed process leaves it, and of one that is closed.
func TestViewWritesNothing(t *testing.T) {
	t.Parallel()
	path, left := filepath.Join(t.TempDir(), "100%25?mode=rwc#.db"), filepath.Join(t.TempDir(), "left.db")
	archive := migrated(t, path)
	upsert(t, archive, es5m(), ramp(1000))
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(path + suffix)
		if err != nil || len(text) == 0 {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		if err := os.WriteFile(left+suffix, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lookAt(t, path)
	lookAt(t, left)
	archive.Close()
	lookAt(t, path)
}

// lookAt reads a file of a thousand bars in every way that a view has, and compares its bytes.
func lookAt(t *testing.T, path string) {
	t.Helper()
	before := contents(t, path)
	view := viewed(t, path)
	snapshot, err := view.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counters, err := snapshot.Counters(t.Context())
	if err != nil || counters[es5m()] != 1000 {
		t.Errorf("counters %v, %v", counters, err)
	}
	if err := view.Integrity(t.Context()); err != nil {
		t.Error(err)
	}
	snapshot.Close()
	if err := view.Close(); err != nil {
		t.Error(err)
	}
	if contents(t, path) != before {
		t.Errorf("%s was changed by a reader", path)
	}
}

func contents(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(text)
}

// A copy says whether somebody wrote between its snapshot and its end. Here somebody does, for sure: the copy of many bars
// takes longer than the writer's commits, which go on until it is complete.
func TestCopy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	archive := migrated(t, path)
	upsert(t, archive, es5m(), ramp(20_000))
	view := viewed(t, path)
	if moved := copied(t, view, 20_000); moved {
		t.Error("nobody wrote, and the copy says that somebody did")
	}
	ctx, stop := context.WithCancel(t.Context())
	begun, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for n := 1; ctx.Err() == nil; n++ {
			bars := ramp(1)
			bars.Close[0] = float64(n)
			upsert(t, archive, es5m(), bars)
			if n == 1 {
				close(begun)
			}
		}
	}()
	<-begun
	seen := false
	for deadline := time.Now().Add(time.Minute); !seen && time.Now().Before(deadline); {
		seen = copied(t, view, 20_000)
	}
	stop()
	<-over
	if !seen {
		t.Error("somebody wrote all the time, and no copy says so")
	}
}

// copied makes a copy, checks it, and tells whether somebody wrote meanwhile.
func copied(t *testing.T, view *sqlite.View, bars int64) bool {
	t.Helper()
	target := filepath.Join(t.TempDir(), "copy.db")
	snapshot, moved, err := view.CopyTo(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	snapshot.Close()
	if err := viewed(t, target).Integrity(t.Context()); err != nil {
		t.Error(err)
	}
	if n := number(t, second(t, target), `SELECT count(*) FROM candles`); n != bars {
		t.Errorf("the copy holds %d bars, want %d", n, bars)
	}
	return moved
}

// A page of the file that is overwritten is found, as a bad disk would do it.
func TestIntegrityFindsDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	archive := migrated(t, path)
	upsert(t, archive, es5m(), ramp(20_000))
	archive.Close()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 4096), info.Size()/2/4096*4096); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := viewed(t, path).Integrity(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the damaged file is judged %v", err)
	}
}
