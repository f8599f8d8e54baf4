package query_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/redis"
	"barkeep/store/sqlite"
)

// TestRealArchivesAndRedis: bars that were cached as an import caches them answer until a transaction changes the series.
func TestRealArchivesAndRedis(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive, cache := open(t), openRedis(t)
			with, without := newEngineReader(t, archive, cache), newEngineReader(t, archive, nil)
			ask := func(step string, limit int, want query.Source) {
				request := query.Request{Series: es(), Limit: limit, Newest: true}
				got := read(t, with, request)
				if got.Source != want {
					t.Errorf("%s, %d bars: from the %s, want the %s", step, limit, got.Source, want)
				}
				same(t, step, got, read(t, without, request))
			}
			upsert(t, archive, bars(20)...)
			ask("not cached", 5, query.FromArchive)
			cacheNewest(t, archive, cache, 10)
			ask("cached", 5, query.FromCache)
			ask("cached", 10, query.FromCache)
			ask("cached", 11, query.FromArchive)
			upsert(t, archive, bars(20)...)
			ask("the same bars again", 5, query.FromCache)
			upsert(t, archive, bar(18, 77))
			ask("a revision", 5, query.FromArchive)
			cacheNewest(t, archive, cache, 10)
			ask("cached again", 5, query.FromCache)
			upsert(t, archive, bar(20, 20))
			ask("a later bar", 5, query.FromArchive)
		})
	}
}

func newEngineReader(t *testing.T, archive store.Bars, cache store.Cache) *query.Reader {
	t.Helper()
	r, err := query.New(query.Config{
		Bars: archive, Cache: cache, Recent: -1, CacheTimeout: 10 * time.Second, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// upsert writes bars in a transaction of their own.
func upsert(t *testing.T, archive store.Bars, list ...market.Candle) {
	t.Helper()
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	columns := market.NewCandles(len(list))
	for _, b := range list {
		columns.Append(b)
	}
	if _, err := tx.Upsert(t.Context(), es(), columns); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// cacheNewest caches the newest n bars with the version of the series.
func cacheNewest(t *testing.T, archive store.Bars, cache store.Cache, n int) {
	t.Helper()
	state, _, err := archive.State(t.Context(), es())
	if err != nil {
		t.Fatal(err)
	}
	newest, err := archive.Page(t.Context(), es(), market.Window{From: state.Oldest, To: state.Newest.Add(time.Second)}, n, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.PutNewest(t.Context(), es(), state.Version, newest); err != nil {
		t.Fatal(err)
	}
}

func openSQLite(tb testing.TB) store.Archive {
	tb.Helper()
	archive, err := sqlite.Open(tb.Context(), sqlite.Config{
		Path: filepath.Join(tb.TempDir(), "archive.db"), Now: time.Now, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return archive
}

// openPostgres makes a database of its own on the server of the tests.
func openPostgres(tb testing.TB) store.Archive {
	tb.Helper()
	url := os.Getenv("BARKEEP_TEST_POSTGRES")
	if url == "" {
		tb.Fatal("BARKEEP_TEST_POSTGRES is not set: `make test` brings a PostgreSQL server")
	}
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(context.WithoutCancel(tb.Context())) })
	name := "query_" + rand.Text()
	if _, err := conn.Exec(tb.Context(), `CREATE DATABASE "`+name+`"`); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(tb.Context()), `DROP DATABASE "`+name+`" WITH (FORCE)`); err != nil {
			tb.Error(err)
		}
	})
	base, options, _ := strings.Cut(url, "?")
	address := base[:strings.LastIndexByte(base, '/')+1] + name + "?" + options
	archive, err := postgres.Open(tb.Context(), postgres.Config{URL: address, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return archive
}

func openRedis(t *testing.T) store.Cache {
	t.Helper()
	url := os.Getenv("BARKEEP_TEST_REDIS")
	if url == "" {
		t.Fatal("BARKEEP_TEST_REDIS is not set: `make test` brings a Redis server")
	}
	client, err := redis.Open(t.Context(), redis.Config{URL: url, Prefix: "query-" + rand.Text(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
