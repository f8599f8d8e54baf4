package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// imported is what import --json prints of a file.
type imported struct {
	File, Instrument, Timeframe, Refused, SHA256                                                   string
	Notes                                                                                          []string
	Rows, New, Stored, Equal, Contradicting, Repeated, Absent, Run                                 int64
	OtherVolume                                                                                    int64 `json:"other_volume"`
	Fills, Left                                                                                    map[string]int64
	Contradictions                                                                                 []struct {
		Line  int64
		Start time.Time
	}
	Compared bool `json:"compared_only"`
}

// takes runs import with --json and reads what it says of one file.
func takes(t *testing.T, env []string, code int, args ...string) imported {
	t.Helper()
	got := barkeep(t, env, append([]string{"import", "--json"}, args...)...).must(t, code)
	var all []imported
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil || len(all) != 1 {
		t.Fatalf("--json printed %s: %v\n%s", got.stdout, err, got.stderr)
	}
	return all[0]
}

// csvOf is what is stored of a series, in the form that the archive is exported in.
func csvOf(t *testing.T, e engine, series string) (rows []string) {
	t.Helper()
	instrument, timeframe, _ := strings.Cut(series, " ")
	ts := `strftime('%Y-%m-%dT%H:%M:%SZ', ts, 'unixepoch')`
	text := func(column string) string { return `printf('%.17g', ` + column + `)` }
	if e.name == "postgres" {
		ts = `to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
		text = func(column string) string { return column + `::text` }
	}
	query := fmt.Sprintf(`SELECT %s || ',' || %s || ',' || %s || ',' || %s || ',' || %s || ',' || coalesce(CAST(volume AS text), '') || ','
		FROM candles WHERE series_id = (SELECT id FROM series WHERE instrument = '%s' AND timeframe = '%s') ORDER BY candles.ts`,
		ts, text("open"), text("high"), text("low"), text("close"), instrument, timeframe)
	return rowsOf(t, e, query)
}

// written writes lines into a file of a test.
func written(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// afterwards is an hour after when: each process has a clock of its own that begins then.
const afterwards = "BARKEEP_NOW=2026-08-19T15:25:00-07:00"

const exported = "ts,open,high,low,close,volume,flags"

// TestImportFillsWhatTheProviderDoesNotServe: a first import of bars from long before the provider's window, and the hole between
// both; what derives from them is what it would be otherwise.
func TestImportFillsWhatTheProviderDoesNotServe(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for i, e := range engines(t) {
		other := engines(t)[1-i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := func(e engine) []string {
				return []string{
					when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url, "TIMEFRAMES=1h,4h,1d",
				}
			}
			barkeep(t, env(other), "sync", "--instrument", "ES", "--timeframe", "1h,4h", "--deep").must(t, 0)
			barkeep(t, env(e), "sync", "--instrument", "ES", "--timeframe", "1h,4h").must(t, 0)
			rows := csvOf(t, other, "ES 1h")
			have := len(csvOf(t, e, "ES 1h"))
			file := written(t, "es.csv", append([]string{exported}, rows...)...)

			dry := barkeep(t, env(e), "import", "--instrument", "ES", "--timeframe", "1h", "--dry-run", file).must(t, 0)
			readable(t, dry.stdout)
			if !strings.Contains(dry.stdout, "dry run: nothing was stored") || len(csvOf(t, e, "ES 1h")) != have {
				t.Errorf("the dry run says\n%s", dry.stdout)
			}
			got := takes(t, env(e), 0, "--instrument", "ES", "--timeframe", "1h", file)
			if got.Stored != int64(len(rows)-have) || got.Equal != int64(have) || got.Contradicting != 0 {
				t.Errorf("of %d rows, %d stored before: %+v", len(rows), have, got)
			}
			if said := barkeep(t, env(e), "verify", "--against", other.url); !strings.Contains(said.stdout, "the same bars as") {
				t.Errorf("it is not the same:\n%s", said.stdout)
			}
			intact(t, append([]string{afterwards}, env(e)[1:]...))
			if n := count(t, e, orphans); n != 0 {
				t.Errorf("%d series have bars without evidence", n)
			}
			reasons := rowsOf(t, e, `SELECT reason FROM cells WHERE run_id = `+fmt.Sprint(got.Run))
			if len(reasons) != 2 || !strings.Contains(reasons[0], "es.csv, sha-256 "+got.SHA256) {
				t.Errorf("the evidence says %q", reasons)
			}
			again := takes(t, env(e), 0, "--instrument", "ES", "--timeframe", "1h", file)
			if again.New != 0 || again.Run != 0 || again.Equal != int64(len(rows)) {
				t.Errorf("a second time: %+v", again)
			}
			barkeep(t, env(e), "sync", "--instrument", "ES", "--timeframe", "1h,4h", "--maintenance").must(t, 0)
			barkeep(t, env(e), "verify", "--against", other.url).must(t, 0)
		})
	}
}
