package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/market"
	"barkeep/store/postgres"
)

// opening is the start of the bars that tests make: a Sunday evening's open.
const opening int64 = 1_763_938_800

func es5m() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

func always() market.Window { return market.Window{From: time.Unix(0, 0), To: time.Unix(1<<37, 0)} }

func clock() time.Time { return time.Date(2026, time.November, 22, 22, 5, 0, 123_456_000, time.UTC) }

// ramp makes n bars of 5 minutes whose prices and volumes differ from bar to bar.
func ramp(n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		price := 5000 + float64(i%977)/4
		bars.Append(market.Candle{
			Start: time.Unix(opening+int64(i)*300, 0),
			Open:  price, High: price + 1.25, Low: price - 1.5, Close: price + 0.25, Volume: int64(100 + i%1000),
		})
	}
	return bars
}

// serverURL is the server that all tests share.
func serverURL(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		tb.Fatal("BARKEEP_TEST_POSTGRES is unset: `make test` starts a PostgreSQL server and sets it to its URL")
	}
	return server
}

// database makes an empty database on the shared server, drops it after the test, and returns its URL. A database and not
// a schema, since advisory locks, those of migrations too, are shared by the schemas of a database.
func database(tb testing.TB) string {
	tb.Helper()
	return databaseOn(tb, serverURL(tb))
}

// databaseOn is database on another server.
func databaseOn(tb testing.TB, server string) string {
	tb.Helper()
	name := fmt.Sprintf("barkeep_%d_%d", os.Getpid(), numbers.Add(1))
	execOn(tb, server, "CREATE DATABASE "+name+" TEMPLATE template0")
	tb.Cleanup(func() { execOn(tb, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal("BARKEEP_TEST_POSTGRES is no URL")
	}
	u.Path = "/" + name
	return u.String()
}

// numbers tells the databases of one process apart.
var numbers atomic.Int64 //nolint:gochecknoglobals // names have to differ between parallel tests

// connect makes a plain connection: the second opinion.
func connect(tb testing.TB, address string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(context.WithoutCancel(tb.Context()), address)
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	return conn
}

func execOn(tb testing.TB, address, sql string) {
	tb.Helper()
	conn := connect(tb, address)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// number runs a statement that returns one number.
func number(tb testing.TB, address, sql string) (n int64) {
	tb.Helper()
	conn := connect(tb, address)
	defer conn.Close(context.Background())
	if err := conn.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return n
}

// lines runs a statement that returns one column of text and joins it: a plan, say.
func lines(tb testing.TB, address, sql string) string {
	tb.Helper()
	conn := connect(tb, address)
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), sql)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(all, "\n")
}

// opened opens an archive and closes it after the test.
func opened(tb testing.TB, address string) *postgres.Archive {
	tb.Helper()
	archive, err := postgres.Open(tb.Context(), postgres.Config{URL: address, Now: clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(archive.Close)
	return archive
}

// migrated is opened with the newest schema.
func migrated(tb testing.TB, address string) *postgres.Archive {
	tb.Helper()
	archive := opened(tb, address)
	if _, _, err := archive.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return archive
}

// upsert stores bars in a transaction of their own.
func upsert(tb testing.TB, archive *postgres.Archive, series market.Series, bars *market.Candles) market.Stored {
	tb.Helper()
	tx, err := archive.Begin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback()
	stored, err := tx.Upsert(tb.Context(), series, bars)
	if err != nil {
		tb.Fatal(err)
	}
	if err := tx.Commit(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return stored
}
