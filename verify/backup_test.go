package verify_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
	"barkeep/verify"
)

// backupOf makes a backup and returns what it says, with the names of the folder that it was written into.
func backupOf(t *testing.T, database, file string) (verify.Copy, []string, error) {
	t.Helper()
	b, err := app.Backup(t.Context(), config.Config{DatabaseURL: database}, file, nil)
	entries, failed := os.ReadDir(filepath.Dir(file))
	if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
		t.Fatal(failed)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return b, names, err
}

func TestBackupSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source := "sqlite:" + filepath.Join(folder, "barkeep.db")
	store(t, openArchive(t, source), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(100))
	write := func(name string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, left := write("taken.db"), write("left.db.partial")
	for _, test := range []struct{ database, file, says string }{
		{source, taken, "is there already"},
		{source, filepath.Join(folder, "barkeep.db"), "is there already"},
		{source, strings.TrimSuffix(left, ".partial"), "left.db.partial is there: another backup is being written, or one was killed"},
		{source, filepath.Join(folder, "none", "copy.db"), "does not exist: make it first"},
		{"sqlite:" + filepath.Join(folder, "other.db"), filepath.Join(folder, "copy.db"), "other.db: there is no such file"},
		{"sqlite:" + taken, filepath.Join(folder, "copy.db"), "is no SQLite database"},
		{
			"postgres://u:hunter2@db.example:5432/it's?sslmode=require&pool_max_conns=3&password=hunter3", "a b.db",
			`pg_dump --format=custom --file='a b.db' --dbname='postgres://u@db.example:5432/it'\''s?sslmode=require'`,
		},
	} {
		_, names, err := backupOf(t, test.database, test.file)
		if err == nil || !unusable(err) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s to %s: %v; want an error for exit code 2 that says %q", test.database, test.file, err, test.says)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "copy.db") || name == "other.db" {
				t.Errorf("%s was left behind", name)
			}
		}
	}
	for _, path := range []string{taken, left} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
			t.Errorf("%s holds %q, %v", path, text, err)
		}
	}
}

// TestBackupBesideAWriter copies while bars are stored: the copy is one state, and says whether it could be compared.
func TestBackupBesideAWriter(t *testing.T) {
	t.Parallel()
	source, folder := "sqlite:"+filepath.Join(t.TempDir(), "barkeep.db"), t.TempDir()
	archive, series := openArchive(t, source), market.Series{Instrument: "ES", Timeframe: market.M5}
	bars := ramp(60_000)
	store(t, archive, series, bars.Slice(0, 20_000))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 20_000; n < bars.Len(); n += 500 {
			store(t, archive, series, bars.Slice(n, n+500))
		}
	}()
	for _, name := range []string{"1.db", "2.db", "3.db"} {
		b, _, err := backupOf(t, source, filepath.Join(folder, name))
		if err != nil || b.Err() != nil || b.Bars < 20_000 || b.Bars%500 != 0 {
			t.Fatalf("the backup is %+v, %v", b, err)
		}
		if v := report(t, "sqlite:"+b.File, ""); v.Err() != nil || v.Digest != b.Digest {
			t.Errorf("%s: %v, digest %s, want %s", name, v.Err(), v.Digest, b.Digest)
		}
	}
	<-done
	b, names, err := backupOf(t, source, filepath.Join(folder, "last.db"))
	if err != nil || !b.Compared || b.Bars != 60_000 || len(names) != 4 {
		t.Errorf("with nobody writing: %+v, %v, files %q", b, err, names)
	}
	restored := "sqlite:" + b.File
	wantSame(t, source, restored)
	store(t, openArchive(t, restored), series, bars) // it is an archive like any other
	wantSame(t, source, restored)
}

// TestBackupOfAFaultyArchive keeps the copy, which is better than none, and says what is wrong.
func TestBackupOfAFaultyArchive(t *testing.T) {
	t.Parallel()
	source := "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")
	store(t, openArchive(t, source), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(100))
	execute(t, source, `UPDATE series SET bars = 7`)
	b, names, err := backupOf(t, source, filepath.Join(t.TempDir(), "copy.db"))
	if err != nil || len(names) != 1 || !b.Compared || b.Err() == nil || unusable(b.Err()) || !strings.Contains(b.Err().Error(), "1 fault") {
		t.Errorf("the backup is %+v with %v, %v, files %q", b, b.Err(), err, names)
	}
}

// TestInterruptedBackup leaves nothing behind.
func TestInterruptedBackup(t *testing.T) {
	t.Parallel()
	source, file := "sqlite:"+filepath.Join(t.TempDir(), "barkeep.db"), filepath.Join(t.TempDir(), "copy.db")
	store(t, openArchive(t, source), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(1000))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := app.Backup(ctx, config.Config{DatabaseURL: source}, file, func(verify.Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want that it was cancelled", err)
	}
	for _, path := range []string{file, file + ".partial"} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
