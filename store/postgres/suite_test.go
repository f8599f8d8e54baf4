package postgres_test

import (
	"context"
	"testing"
	"time"

	"barkeep/store/postgres"
	"barkeep/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		t.Helper()
		address := database(t)
		return storetest.Database{
			Open: func(t *testing.T, now func() time.Time) storetest.Archive {
				t.Helper()
				archive, err := postgres.Open(t.Context(), postgres.Config{URL: address, Now: now})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(archive.Close)
				return wrapped{archive}
			},
			Query: func(t *testing.T, sql string) int64 {
				t.Helper()
				return number(t, address, sql)
			},
		}
	})
}

// wrapped gives Begin the suite's type.
type wrapped struct{ *postgres.Archive }

func (w wrapped) Begin(ctx context.Context) (storetest.Tx, error) { return w.Archive.Begin(ctx) }
