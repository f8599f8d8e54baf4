package main_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the second opinion on PostgreSQL
	_ "modernc.org/sqlite"             // and on SQLite

	"barkeep/store/storetest/servers"
)

// The clock of these tests is a Wednesday in the break after the close, when the fake provider revises nothing any more.
const when = "BARKEEP_NOW=2026-08-19T14:25:00-07:00"

// later is the clock of a provider that serves the days after when, too.
const later = "BARKEEP_NOW=2026-10-19T14:25:00-07:00"

// databases numbers the databases of this process.
var databases atomic.Int64

// engine is an archive that processes share, with a view of it beside Barkeep's own.
type engine struct {
	name string
	url  string
	open func(t *testing.T) *sql.DB
}

// engines are an empty embedded archive and an empty PostgreSQL database.
func engines(t *testing.T) []engine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "barkeep.db")
	postgres := database(t)
	opener := func(driver, target string) func(t *testing.T) *sql.DB {
		return func(t *testing.T) *sql.DB {
			t.Helper()
			db, err := sql.Open(driver, target)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		}
	}
	return []engine{
		{"sqlite", "sqlite:" + path, opener("sqlite", path)},
		{"postgres", postgres, opener("pgx", postgres)},
	}
}

// database makes an empty database on the suite's PostgreSQL server.
func database(t *testing.T) string {
	t.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		t.Fatal("BARKEEP_TEST_POSTGRES is not set: `make test` brings a PostgreSQL server")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	name := fmt.Sprintf("cmd_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	base, query, _ := strings.Cut(server, "?")
	return base[:strings.LastIndexByte(base, '/')+1] + name + "?" + query
}

// report is what sync --json prints.
type report struct {
	Run      struct{ State string }
	Inserted int
	Cells    []struct {
		Instrument, Timeframe, State, Reason  string
		Fetched, Inserted, Changed, Unchanged int
	}
	Faults []string
}

func read(t *testing.T, out string) report {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("--json printed no JSON: %v\n%s", err, out)
	}
	return r
}

// ohlc reads every bar of an archive through its public view, as text.
func ohlc(t *testing.T, e engine) []string {
	t.Helper()
	rows, err := e.open(t).QueryContext(t.Context(), "SELECT instrument, timeframe, ts, open, high, low, close, volume FROM ohlc")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var instrument, timeframe string
		var ts any
		var open, high, low, shut float64
		var volume sql.NullInt64
		if err := rows.Scan(&instrument, &timeframe, &ts, &open, &high, &low, &shut, &volume); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(instrument, timeframe, ts, open, high, low, shut, volume))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	sort.Strings(all)
	return all
}

// count asks the archive for one number.
func count(t *testing.T, e engine, query string) int {
	t.Helper()
	var n int
	if err := e.open(t).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// orphans counts bars whose series has no cell that says stored, though something of it was stored: what a process that
// was killed must never leave, since bars and evidence are one transaction.
const orphans = `SELECT count(*) FROM (SELECT DISTINCT instrument, timeframe FROM ohlc
	EXCEPT SELECT instrument, timeframe FROM cells WHERE state = 'stored') AS orphaned`

func TestSIGKILLWhileStoring(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "RUN_LEASE=3s"}
	// Beside the slots; the next process waits for the leases of the series in hand.
	selection := []string{"sync", "--instrument", "ES,NQ,YM,RTY,CL,GC,SI,NG"}
	for i, e := range engines(t) {
		calm := engines(t)[i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			mine := append(env, "DATABASE_URL="+e.url)
			for kills := range 3 {
				victim := start(t, mine, selection...)
				for range 4 + 5*kills {
					victim.until(t, "series=")
				}
				if err := victim.cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				if got := victim.wait(); got.code == 0 {
					t.Fatalf("the process ended before it was killed:\n%s", got.stderr)
				}
				if n := count(t, e, orphans); n != 0 {
					t.Errorf("after kill %d, %d series have bars without evidence", kills, n)
				}
				if n := count(t, e, "SELECT count(*) FROM cells WHERE state = 'stored'"); n == 0 {
					t.Errorf("kill %d came before anything was stored", kills)
				}
			}
			r := read(t, barkeep(t, mine, append(selection, "--json")...).must(t, 0).stdout)
			if r.Run.State != "done" || r.Inserted == 0 {
				t.Errorf("the run after: %s, %d inserted, want done with the rest", r.Run.State, r.Inserted)
			}
			barkeep(t, append(env, "DATABASE_URL="+calm.url), selection...).must(t, 0)
			want, got := ohlc(t, calm), ohlc(t, e)
			if len(want) == 0 || strings.Join(want, "\n") != strings.Join(got, "\n") {
				t.Errorf("%d bars after three kills, %d without any: they must be the same", len(got), len(want))
			}
		})
	}
}

func TestServersRestartInMidRun(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when}, "--fault", "slow=20ms")
	postgres := servers.RunPostgres(t, servers.Options{Durable: true})
	redis := servers.RunRedis(t, servers.Options{})
	e := engine{name: "postgres", open: func(t *testing.T) *sql.DB {
		t.Helper()
		db, err := sql.Open("pgx", postgres.URL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}}
	env := []string{
		when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=6000", "DATABASE_URL=" + postgres.URL(), "REDIS_URL=" + redis.URL(),
	}
	selection := []string{"sync", "--instrument", "ES,NQ,YM,RTY,CL,GC", "--json"}
	run := start(t, env, selection...)
	run.until(t, "Backfill complete")
	if err := postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	run.until(t, "archive write failed, trying again")
	if err := postgres.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	run.until(t, "Backfill complete")
	if err := redis.Kill(); err != nil {
		t.Fatal(err)
	}
	run.until(t, "cache not refreshed") // not only the budget has noticed
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := read(t, run.wait().must(t, 0).stdout)
	if r.Run.State != "done" {
		t.Errorf("run %s, want done", r.Run.State)
	}
	for _, c := range r.Cells {
		stored := count(t, e, fmt.Sprintf("SELECT count(*) FROM ohlc WHERE instrument = '%s' AND timeframe = '%s'", c.Instrument, c.Timeframe))
		if c.State != "stored" || stored != c.Inserted || stored == 0 {
			t.Errorf("%s %s is %s with %d inserted, the archive holds %d", c.Instrument, c.Timeframe, c.State, c.Inserted, stored)
		}
	}
	if !slices.ContainsFunc(r.Faults, func(fault string) bool { return strings.HasPrefix(fault, "cache not refreshed") }) {
		t.Errorf("the run does not mention that Redis was gone: %q", r.Faults)
	}
	again := read(t, barkeep(t, env, selection...).must(t, 0).stdout)
	if again.Inserted != 0 {
		t.Errorf("the next run inserted %d bars that the first had reported", again.Inserted)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{
		"postgres": "DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x", // nothing listens on port 1
		"provider": "YAHOO_BASE_URL=http://127.0.0.1:1",
	} {
		got := barkeep(t, []string{env, "INSTRUMENTS=ES", "TIMEFRAMES=1d", "YAHOO_REQUESTS_PER_MINUTE=6000"}, "sync").must(t, 4)
		if !printed(got.stderr+got.stdout, "connection refused") || printed(got.stderr, "hunter2") {
			t.Errorf("%s: want an error that names the cause and no password:\n%s", name, got.stderr)
		}
	}
}
