package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/store/sqlite"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("these are notes, not bars\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"no path":               {"", "the path is empty"},
		"a folder":              {folder, "it is a folder"},
		"below a file":          {filepath.Join(text, "archive.db"), "its folder cannot be made"},
		"another kind of file":  {text, "it is no SQLite database"},
		"where nobody may make": {"/proc/archive.db", "it can neither be opened nor made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive, err := sqlite.Open(t.Context(), sqlite.Config{Path: test.path, Now: clock, Clock: time.Now})
			if err == nil {
				archive.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.path) {
				t.Errorf("the error is %q; it should name %q and say %q", err, test.path, test.want)
			}
		})
	}
}

func TestOpenNeedsAClock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	for _, c := range []sqlite.Config{{Path: path}, {Path: path, Now: clock}, {Path: path, Clock: time.Now}} {
		if _, err := sqlite.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "Now") {
			t.Errorf("the error is %v; it should name Now", err)
		}
	}
}

func TestOpenRefusesAReadOnlyFile(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("the superuser may write to a read-only file")
	}
	path := t.TempDir() + "/archive.db"
	migrated(t, path).Close()
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: clock, Clock: time.Now}); err == nil ||
		!strings.Contains(err.Error(), "it may not be written") || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v; it should name %s and say that it may not be written", err, path)
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a?b=c&_journal_mode=OFF.db", "100%25.db", "#1 'best' archive.db", "Börse;x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "new", "folders", name)
			archive := migrated(t, path)
			upsert(t, archive, es5m(), ramp(3))
			if info, err := os.Stat(path); err != nil || info.Size() == 0 {
				t.Errorf("the archive is not in %s: %v", path, err)
			}
		})
	}
}

func TestWhatIsStoredIsThereAfterOpeningAgain(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	first := migrated(t, path)
	upsert(t, first, es5m(), ramp(10))
	first.Close()
	states, err := opened(t, path).States(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(states) != 1 || states[0].Count != 10 || states[0].Oldest.Unix() != opening ||
		!states[0].Newest.Equal(time.Unix(opening+9*300, 0)) {
		t.Errorf("the states are %+v; 10 bars of ES 5m were stored", states)
	}
}
