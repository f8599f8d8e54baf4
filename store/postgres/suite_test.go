package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"barkeep/migrations"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		t.Helper()
		return suite(database(t))
	})
}

// suite is a database as the suite takes it.
func suite(address string) storetest.Database {
	return storetest.Database{
		Open: func(t *testing.T, now func() time.Time) storetest.Archive {
			t.Helper()
			archive, err := postgres.Open(t.Context(), postgres.Config{URL: address, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(archive.Close)
			return archive
		},
		SchemaOf: func(t *testing.T, version int64) {
			t.Helper()
			db, err := sql.Open("pgx", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			up, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(), goose.WithDisableGlobalRegistry(true))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := up.UpTo(t.Context(), version); err != nil {
				t.Fatal(err)
			}
		},
		Start: func(date string) string { return "timestamptz '" + date + " 00:00Z'" },
		TS:    func(seconds int64) string { return fmt.Sprintf("to_timestamp(%d)", seconds) },
		Replaced: func(micros int64) string {
			return fmt.Sprintf("timestamptz 'epoch' + %d * interval '1 microsecond'", micros)
		},
		Snapshot: func(t *testing.T) store.Snapshot {
			t.Helper()
			archive, err := postgres.Open(t.Context(), postgres.Config{URL: address, Now: clock, MaxConns: 1})
			if err != nil {
				t.Fatal(err)
			}
			snapshot, err := archive.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return closing{snapshot, archive.Close}
		},
		Process: func(t *testing.T, mode string) *exec.Cmd {
			t.Helper()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childMode+"="+mode, childURL+"="+address)
			cmd.Stderr = os.Stderr
			return cmd
		},
		Query: func(t *testing.T, sql string) int64 {
			t.Helper()
			return number(t, address, sql)
		},
	}
}

// closing closes the archive with its snapshot.
type closing struct {
	store.Snapshot
	archive func()
}

func (c closing) Close() {
	c.Snapshot.Close()
	c.archive()
}

// childMode and childURL are set in the processes that the suite starts from the tests' own binary: what such a process shall
// do, and where.
const (
	childMode = "BARKEEP_TEST_POSTGRES_CHILD"
	childURL  = "BARKEEP_TEST_POSTGRES_CHILD_URL"
)

func TestMain(m *testing.M) {
	mode := os.Getenv(childMode)
	if mode == "" {
		os.Exit(m.Run())
	}
	if err := child(context.Background(), mode); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func child(ctx context.Context, mode string) error {
	archive, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv(childURL), Now: clock})
	if err != nil {
		return err
	}
	defer archive.Close()
	return storetest.Child(ctx, archive, mode, os.Stdout)
}
