package sqlite_test

import (
	"database/sql"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"barkeep/migrations"
	"barkeep/store"
	"barkeep/store/sqlite"
	"barkeep/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		t.Helper()
		return suite(t.TempDir() + "/archive.db")
	})
}

// suite is a database as the suite takes it.
func suite(path string) storetest.Database {
	return storetest.Database{
		Open: func(t *testing.T, now func() time.Time) storetest.Archive {
			t.Helper()
			archive, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: now, Clock: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(archive.Close)
			return archive
		},
		SchemaOf: func(t *testing.T, version int64) {
			t.Helper()
			db, err := sql.Open("sqlite", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			up, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := up.UpTo(t.Context(), version); err != nil {
				t.Fatal(err)
			}
		},
		Start:    func(date string) string { return "unixepoch('" + date + "')" },
		TS:       func(seconds int64) string { return strconv.FormatInt(seconds, 10) },
		Replaced: func(micros int64) string { return strconv.FormatInt(micros, 10) },
		Snapshot: func(t *testing.T) store.Snapshot {
			t.Helper()
			view := viewed(t, path)
			snapshot, err := view.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return closing{snapshot, view}
		},
		Process: func(t *testing.T, mode string) *exec.Cmd {
			t.Helper()
			return command(t, "suite "+mode, path)
		},
		Query: func(t *testing.T, sql string) int64 {
			t.Helper()
			conn := second(t, path)
			defer func() { _ = conn.Close() }()
			return number(t, conn, sql)
		},
	}
}

// closing closes the view with its snapshot.
type closing struct {
	store.Snapshot
	view *sqlite.View
}

func (c closing) Close() {
	c.Snapshot.Close()
	c.view.Close()
}
