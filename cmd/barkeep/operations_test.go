package main_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"barkeep/ledger"
	"barkeep/migrations"
	"barkeep/store/storetest/servers"
)

// atFirstSchema brings a database to the schema of the first release, as that release left it.
func atFirstSchema(t *testing.T, e engine) {
	t.Helper()
	dialect, files := goose.DialectSQLite3, migrations.SQLite()
	if e.name == "postgres" {
		dialect, files = goose.DialectPostgres, migrations.Postgres()
	}
	provider, err := goose.NewProvider(dialect, e.open(t), files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if all, err := fs.ReadDir(files, "."); err != nil || len(all) < 2 {
		t.Fatalf("%d migrations, %v: nothing is left to upgrade to", len(all), err)
	}
}

// statement runs one beside Barkeep.
func statement(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestUpgradeLosesNothing takes an archive of the first schema, with bars, a revision and a run in it, and lets this program
// upgrade it as the operator's page says.
func TestUpgradeLosesNothing(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for i, e := range engines(t) {
		full := engines(t)[i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address)(0)
			barkeep(t, slotEnv(t, full, address)(0), "sync").must(t, 0)
			atFirstSchema(t, e)
			db := e.open(t)
			moment := map[string]string{"sqlite": "1755640000", "postgres": "to_timestamp(1755640000)"}[e.name]
			statement(t, db, "INSERT INTO series (instrument, timeframe, bars) VALUES ('ES', '1d', 1), ('OLD', '1d', 1)")
			statement(t, db, "INSERT INTO candles (series_id, ts, open, high, low, close, volume) "+
				"SELECT id, "+moment+", 1, 3, -1, 2, NULL FROM series")
			statement(t, db, "INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close, volume) "+
				"SELECT id, "+moment+", 1, "+moment+", 1, 2, -1, 2, 7 FROM series")
			statement(t, db, "INSERT INTO runs (job, state, started) VALUES ('import', 'done', "+moment+")")
			statement(t, db, "INSERT INTO cells (run_id, instrument, timeframe, state) SELECT id, 'OLD', '1d', 'stored' FROM runs")
			before := ohlc(t, e)

			if got := barkeep(t, env, "doctor").must(t, 0); !printed(got.stdout, "schema 1, will be migrated to") {
				t.Errorf("doctor does not announce the migration:\n%s", got.stdout)
			}
			for command, code := range map[string]int{"status": 0, "status --json": 0, "runs": 2, "runs 1": 2, "runs --json": 2} {
				got := barkeep(t, env, strings.Fields(command)...).must(t, code)
				if all := got.stdout + got.stderr; !strings.Contains(all, "the archive has schema 1") || strings.Contains(all, "no such") {
					t.Errorf("before the migration %s says\n%s", command, all)
				}
			}
			if got := barkeep(t, env, "migrate").must(t, 0); !printed(got.stdout, "went from schema 1 to") {
				t.Errorf("migrate says\n%s", got.stdout)
			}
			if after := ohlc(t, e); strings.Join(after, "\n") != strings.Join(before, "\n") {
				t.Errorf("the bars were %v and are %v", before, after)
			}
			for query, want := range map[string]int{
				"SELECT count(*) FROM candle_revisions WHERE revision = 1 AND volume = 7": 2,
				"SELECT count(*) FROM runs WHERE state = 'done'":                          1,
				"SELECT count(*) FROM cells WHERE state = 'stored'":                       1,
			} {
				if n := count(t, e, query); n != want {
					t.Errorf("%s: %d, want %d", query, n, want)
				}
			}
			barkeep(t, env, "verify").must(t, 0)

			barkeep(t, env, "sync").must(t, 0)
			if n := count(t, e, "SELECT count(*) FROM ohlc WHERE instrument = 'OLD'"); n != 1 {
				t.Errorf("%d bars of a series that is not imported any more, want the one", n)
			}
			barkeep(t, env, "sync", "--instrument", "ES,NQ", "--backfill").must(t, 0)
			held := map[string]bool{}
			for _, bar := range ohlc(t, e) {
				held[bar] = true
			}
			for _, bar := range append(before, ohlc(t, full)...) {
				if !held[bar] {
					t.Errorf("after the upgrade and a backfill %s is lacking, which was there before or is in a new archive", bar)
				}
			}
		})
	}
}

// TestThePreviousReleaseRunsOnANewerSchema is the way back of the operator's page: an archive that a later release migrated is
// imported into all the same.
func TestThePreviousReleaseRunsOnANewerSchema(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address)(0)
			barkeep(t, env, "migrate").must(t, 0)
			applied := map[string]string{"sqlite": "1", "postgres": "true"}[e.name]
			statement(t, e.open(t), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, "+applied+")")
			if got := barkeep(t, env, "migrate").must(t, 0); !printed(got.stdout, "is at schema 99") {
				t.Errorf("migrate says\n%s", got.stdout)
			}
			if r := readSlot(t, barkeep(t, env, "sync", "--json").must(t, 0).stdout); r.Run.State != "done" {
				t.Errorf("the run is %s", r.Run.State)
			}
			if got := barkeep(t, env, "status").must(t, 0); !printed(got.stdout, "schema 99 of") {
				t.Errorf("status says\n%s", got.stdout)
			}
			barkeep(t, env, "verify").must(t, 0)
			if got := barkeep(t, env, "doctor").must(t, 0); !printed(got.stdout, "schema 99, newer than this program's") {
				t.Errorf("doctor says\n%s", got.stdout)
			}
			if e.name == "sqlite" {
				barkeep(t, env, "backup", filepath.Join(t.TempDir(), "copy.db")).must(t, 0)
			}
			worker := serve(t, env)
			barkeep(t, append(env, "HTTP_ADDR="+strings.TrimPrefix(worker.url, "http://")), "health").must(t, 0)
		})
	}
}

// TestTwoWorkers has workers on one PostgreSQL and Redis. One is killed as it runs the slot; of two others one takes the slot
// over and tells people, and all know that it is done.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	const begin, later = "BARKEEP_NOW=2026-08-19T14:04:55-07:00", "BARKEEP_NOW=2026-08-19T14:05:30-07:00"
	e := engines(t)[1]
	env := append(slotEnv(t, e, provider(t, []string{begin}), "REDIS_URL="+redisURL(t))(0), begin, "CATCH_UP_WINDOW=1s")
	doomed := serve(t, append(env, "BARKEEP_CRASH_AT=claimed"))
	if err := doomed.cmd.Wait(); err == nil || doomed.cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the first worker was not killed in its run: %v", err)
	}
	if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'running'"); n != 1 {
		t.Fatalf("%d runs are in progress, want that of the dead worker", n)
	}
	env = append(env, later, "CATCH_UP_WINDOW=1h")
	workers := []serving{serve(t, env), serve(t, env)}
	for _, worker := range workers {
		var slot struct {
			State string
			Run   struct{ Attempt int }
		}
		get(t, worker.url+"/api/v1/slots/2026-08-19/0?wait=60s", &slot)
		if slot.State != "done" || slot.Run.Attempt != 2 {
			t.Errorf("%s says that the slot is %q by attempt %d, want done by the second", worker.url, slot.State, slot.Run.Attempt)
		}
	}
	if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 {
		t.Errorf("%d effective runs", n)
	}
	if n := count(t, e, "SELECT count(*) FROM told WHERE kind = 'incident'"); n != 1 {
		t.Errorf("%d notices that something is wrong with the slot, want one, that a run was abandoned", n)
	}
	logs := workers[0].text() + workers[1].text()
	if n := strings.Count(logs, "taking over from a process that died"); n != 1 {
		t.Errorf("%d workers took the slot over, want one:\n%s", n, logs)
	}
}

// TestReadingNeedsNoRightToWrite reads as a role that may only read, like whoever asks a replica, and sees the rest refused.
func TestReadingNeedsNoRightToWrite(t *testing.T) {
	t.Parallel()
	e := engines(t)[1]
	env := slotEnv(t, e, provider(t, []string{later}))
	barkeep(t, env(0), "sync").must(t, 0)
	db, role := e.open(t), fmt.Sprintf("reader_%d", os.Getpid())
	statement(t, db, "CREATE ROLE "+role+" LOGIN")
	statement(t, db, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() {
		if _, err := db.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role); err != nil {
			t.Error(err)
		}
	})
	reader := append(env(1), "DATABASE_URL="+strings.Replace(e.url, "postgres@", role+"@", 1))
	for _, command := range []string{"status", "runs", "verify", "doctor", "migrate"} {
		if got := barkeep(t, reader, command).must(t, 0); printed(got.stderr, "ERR") {
			t.Errorf("%s says\n%s", command, got.stderr)
		}
	}
	if got := barkeep(t, reader, "sync").must(t, 4); !printed(got.stderr, "permission denied") {
		t.Errorf("sync says\n%s", got.stderr)
	}
}

// TestAnOlderArchiveIsRestored puts back a backup from before the slot of the day, whose marker Redis still has: the slot is
// run again all the same, as the operator's page says.
func TestAnOlderArchiveIsRestored(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	cache := servers.RunRedis(t, servers.Options{})
	env := slotEnv(t, e, provider(t, []string{later}), "REDIS_URL="+cache.URL())
	barkeep(t, env(0), "sync").must(t, 0)
	file := filepath.Join(t.TempDir(), "backup.db")
	barkeep(t, env(0), "backup", file).must(t, 0)
	barkeep(t, env(1), "sync").must(t, 0)

	archive := strings.TrimPrefix(e.url, "sqlite:")
	for _, name := range []string{archive + "-wal", archive + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(file, archive); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ran", "already ran"} {
		if got := readSlot(t, barkeep(t, env(1), "sync", "--json").must(t, 0).stdout); got.Outcome != want || got.Run.State != "done" {
			t.Errorf("after the restore: %s, %s; want %s", got.Outcome, got.Run.State, want)
		}
	}
	barkeep(t, env(1), "verify").must(t, 0)
}

// page is the operator's page.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestThePageKnowsEveryText holds the operator's page to the program: each kind of notice, each check of the doctor and
// its states are there under their own names.
func TestThePageKnowsEveryText(t *testing.T) {
	t.Parallel()
	text := page(t)
	has := func(what, name string) {
		t.Helper()
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/OPERATIONS.md does not explain the %s `%s`", what, name)
		}
	}
	kinds := []ledger.NoticeKind{ledger.NoticeFailed, ledger.NoticePartial, ledger.NoticeAbandoned, ledger.NoticeMissed, ledger.NoticeMended}
	for _, kind := range kinds {
		has("notice", string(kind))
	}
	for _, checks := range [][]string{
		{"CACHE_ENABLED=false", "BARKEEP_COMPOSE_FILE=x.yml", "BARKEEP_COMPOSE_REDIS_URL=redis://redis:6379/0"},
		{"REDIS_URL=redis://127.0.0.1:1/0", "INSTRUMENTS=EUR/USD", "IMPORT_TIMES=6"},
	} {
		var findings []struct{ Check, State string }
		if err := json.Unmarshal([]byte(barkeep(t, checks, "doctor", "--json").stdout), &findings); err != nil || len(findings) < 4 {
			t.Fatalf("doctor --json with %v: %d findings, %v", checks, len(findings), err)
		}
		for _, f := range findings {
			has("check", f.Check)
			has("state", f.State)
		}
	}
}
