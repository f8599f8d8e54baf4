package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"barkeep/ledger"
	"barkeep/store"
)

// taken are the ways in which a file goes from under an archive.
func taken() map[string]func(path string) error {
	return map[string]func(path string) error{
		"deleted": os.Remove,
		"renamed": func(path string) error { return os.Rename(path, path+".away") },
		"replaced by a copy": func(path string) error {
			content, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path+".copy", content, 0o600), os.Rename(path+".copy", path))
		},
		"folder renamed": func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".away") },
		"log deleted":    func(path string) error { return os.Remove(path + "-wal") },
		"index deleted":  func(path string) error { return os.Remove(path + "-shm") },
	}
}

// gone fails the test unless the error says that the file is another one, and which.
func gone(t *testing.T, what, path string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrReplaced) || !store.Lasting(err) || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), "put the file back") {
		t.Errorf("%s: the error is %v; it should name %s and what to do", what, err, path)
	}
}

// TestNothingIsStoredInAFileThatIsGone takes the file before a transaction, between its begin and its commit, and within the
// commit; and every other method that reads or writes says so too.
func TestNothingIsStoredInAFileThatIsGone(t *testing.T) {
	t.Parallel()
	for name, take := range taken() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, moment := range []string{"before", "between", "within the commit"} {
				path := filepath.Join(t.TempDir(), "data", "archive.db")
				archive := migrated(t, path)
				upsert(t, archive, es5m(), ramp(3))
				if moment == "before" {
					if err := take(path); err != nil {
						t.Fatal(err)
					}
				}
				tx, err := archive.Begin(t.Context())
				if moment == "before" {
					gone(t, "begin", path, err)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Upsert(t.Context(), es5m(), ramp(9)); err != nil {
					t.Fatal(err)
				}
				if moment == "between" {
					err = take(path)
				} else {
					err = atCommit(tx, func() error { return take(path) })
				}
				if err != nil {
					t.Fatal(err)
				}
				gone(t, moment, path, tx.Commit(t.Context()))
				tx.Rollback()
				if name == "folder renamed" && moment == "between" {
					away := filepath.Join(filepath.Dir(path)+".away", "archive.db")
					if n := number(t, second(t, away), `SELECT count(*) FROM candles`); n != 3 {
						t.Errorf("%d bars are in the file that went away", n)
					}
				}
				everyUse(t, path, archive)
			}
		})
	}
}

// atCommit has something done while the engine commits.
func atCommit(tx store.Tx, do func() error) error {
	raw, ok := tx.(interface{ Raw(func(any) error) error })
	if !ok {
		return errors.New("the transaction has no connection")
	}
	return raw.Raw(func(conn any) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver has no hooks")
		}
		hooks.RegisterCommitHook(func() int32 {
			if do() != nil {
				return 1 // the commit fails
			}
			return 0
		})
		return nil
	})
}

func everyUse(t *testing.T, path string, archive store.Archive) {
	t.Helper()
	ctx := t.Context()
	run := ledger.Run{Job: ledger.JobImport, Token: "t", Started: clock(), ID: 1, State: ledger.StateDone}
	for what, use := range map[string]func() error{
		"ping":      func() error { return archive.Ping(ctx) },
		"writable":  func() error { return archive.Writable(ctx) },
		"schema":    func() error { _, _, err := archive.SchemaVersion(ctx); return err },
		"claim":     func() error { _, err := archive.Claim(ctx, run, ledger.Kept{}, time.Minute); return err },
		"heartbeat": func() error { _, err := archive.Heartbeat(ctx, run, time.Minute); return err },
		"finish":    func() error { _, err := archive.Finish(ctx, run); return err },
		"latest": func() error {
			_, _, err := archive.Latest(ctx, ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}, ledger.Kept{})
			return err
		},
		"runs":      func() error { _, err := archive.Runs(ctx, 1); return err },
		"states":    func() error { _, err := archive.States(ctx); return err },
		"candles":   func() error { _, err := archive.Candles(ctx, es5m(), always()); return err },
		"page":      func() error { _, err := archive.Page(ctx, es5m(), always(), 1, true); return err },
		"revisions": func() error { _, _, err := archive.Revisions(ctx, es5m(), always()); return err },
		"budget": func() error {
			_, err := archive.Take(ctx, "x", store.Limits{PerMinute: 1}, store.TakeRequest{})
			return err
		},
	} {
		gone(t, what, path, use())
	}
}

// TestNoConnectionOpensAnotherFile: those that are opened later, because one failed, neither make a file nor take one that is
// there instead; and with the file back everything goes on.
func TestNoConnectionOpensAnotherFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	archive := migrated(t, path)
	upsert(t, archive, es5m(), ramp(3))
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := tx.Upsert(ended, es5m(), ramp(9)); err == nil {
		t.Fatal("bars were stored after the end of the context")
	}
	for _, file := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+file, path+".away"+file); err != nil {
			t.Fatal(err)
		}
	}
	tx.Rollback() // which closes the connection that writes
	_, err = archive.Begin(t.Context())
	gone(t, "begin", path, err)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	foreign := second(t, path) // and not in WAL mode, which a connection would change
	if _, err := foreign.ExecContext(t.Context(), `CREATE TABLE notes (line TEXT)`); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = archive.Begin(t.Context())
	gone(t, "begin", path, err)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the foreign file was written: %v", err)
	}
	for _, file := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+".away"+file, path+file); err != nil {
			t.Fatal(err)
		}
	}
	if stored := upsert(t, archive, es5m(), ramp(9)); stored.Inserted != 6 || stored.Unchanged != 3 {
		t.Errorf("with the file back %+v were stored", stored)
	}
}

// TestASymbolicLinkMayNameTheFile, and is watched itself.
func TestASymbolicLinkMayNameTheFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "link.db")
	migrated(t, folder+"/one.db").Close()
	migrated(t, folder+"/two.db").Close()
	if err := os.Symlink(folder+"/one.db", link); err != nil {
		t.Fatal(err)
	}
	archive := opened(t, link)
	upsert(t, archive, es5m(), ramp(3))
	if err := errors.Join(os.Remove(link), os.Symlink(folder+"/two.db", link)); err != nil {
		t.Fatal(err)
	}
	_, err := archive.Begin(t.Context())
	gone(t, "begin", link, err)
}

// TestALastingFaultSaysWhatItIs for what an engine says of a file that it cannot use.
func TestALastingFaultSaysWhatItIs(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	archive := migrated(t, path)
	upsert(t, archive, es5m(), ramp(3))
	conn := second(t, path)
	if _, err := conn.ExecContext(t.Context(), `DROP TABLE budgets`); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Take(t.Context(), "x", store.Limits{PerMinute: 1}, store.TakeRequest{}); !errors.Is(err, store.ErrSchema) {
		t.Errorf("without its table: %v", err)
	}
	if err := archive.Told(t.Context(), "x", "x"); err != nil {
		t.Errorf("with its table: %v", err)
	}
	view := viewed(t, path)
	if _, err := view.Claim(t.Context(), ledger.Run{Job: ledger.JobImport, Token: "t"}, ledger.Kept{}, time.Minute); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a view claims: %v", err)
	}
	if err := view.Writable(t.Context()); err != nil {
		t.Errorf("who could write is told %v", err)
	}
	if states, err := view.States(t.Context()); err != nil || len(states) != 1 || states[0].Count != 3 {
		t.Errorf("a view reads %+v, %v", states, err)
	}
}
