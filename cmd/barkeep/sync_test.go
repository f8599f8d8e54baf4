package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestSyncEndToEnd(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}

			dry := barkeep(t, env, "sync", "--instrument", "ES", "--dry-run").must(t, 0)
			for _, want := range []string{"dry run: 5 requests", "zero records", "ES 1d", "365", "nothing was fetched"} {
				if !printed(dry.stdout, want) {
					t.Errorf("the dry run lacks %q:\n%s", want, dry.stdout)
				}
			}
			if n := count(t, e, "SELECT count(*) FROM ohlc"); n != 0 {
				t.Errorf("the dry run stored %d bars", n)
			}

			first := barkeep(t, env, "sync", "--instrument", "es=f", "--backfill").must(t, 0)
			for _, want := range []string{"Backfilling 365 days for ES 1d - zero records detected", "Backfill complete: ", "candles added"} {
				if !printed(first.stderr, want) {
					t.Errorf("the log lacks %q:\n%s", want, first.stderr)
				}
			}
			if !strings.HasPrefix(first.stdout, "done      run 1, import ad hoc: 11 series, nothing failed\n") || !printed(first.stdout, "\nES              11 ") {
				t.Errorf("the closing table is\n%s", first.stdout)
			}
			second := read(t, barkeep(t, env, "sync", "--instrument", "ES", "--json").must(t, 0).stdout)
			if second.Run.State != "done" || second.Inserted != 0 || len(second.Cells) != 11 {
				t.Errorf("the second run is %s with %d cells, %d inserted", second.Run.State, len(second.Cells), second.Inserted)
			}
			for _, c := range second.Cells {
				stored := count(t, e, fmt.Sprintf("SELECT count(*) FROM ohlc WHERE instrument = 'ES' AND timeframe = '%s'", c.Timeframe))
				if c.State != "stored" || c.Changed != 0 || c.Unchanged == 0 || stored < c.Unchanged {
					t.Errorf("%s: %+v, with %d bars in the archive", c.Timeframe, c, stored)
				}
			}
			var status struct {
				Runs   []struct{ State string }
				Series []struct {
					Instrument, Timeframe string
					Bars                  int
				}
				Now struct{ UTC, Pacific string }
			}
			out := barkeep(t, env, "status", "--json").must(t, 0).stdout
			if err := json.Unmarshal([]byte(out), &status); err != nil {
				t.Fatal(err)
			}
			if len(status.Runs) != 2 || len(status.Series) != 11 || !strings.HasPrefix(status.Now.Pacific, "2026-08-19T14:2") {
				t.Errorf("status %+v", status)
			}
			for _, s := range status.Series {
				query := fmt.Sprintf("SELECT count(*) FROM ohlc WHERE instrument = 'ES' AND timeframe = '%s'", s.Timeframe)
				if n := count(t, e, query); n != s.Bars || n == 0 {
					t.Errorf("status says %d bars of ES %s, the archive holds %d", s.Bars, s.Timeframe, n)
				}
			}
		})
	}
}

func TestPartialAndFailedRunsHaveTheirCodes(t *testing.T) {
	t.Parallel()
	env := func(address, instruments string) []string {
		return []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=" + instruments, "TIMEFRAMES=1d"}
	}
	for _, tt := range []struct {
		fault       string
		instruments string
		code        int
		want        string
	}{
		{"empty@NQ=F", "ES,NQ", 3, "partial"},
		{"empty", "ES,NQ", 4, "failed"},
		{"404@NQ=F", "ES,NQ", 3, "asked again"}, // a listed future there always is
		{"404@NOSUCH", "ES,NOSUCH", 0, "unavailable"},
		{"404", "ES,NOSUCH", 4, "failed"},
		{"404", "NOSUCH", 4, "proves"},
		{"portal", "ES,NOSUCH", 4, "failed"},
		{"portal@NOSUCH", "ES,NOSUCH", 3, "own error"},
		{"truncate:2", "ES,NQ", 0, "done"}, // retried
		{"503:2", "ES,NQ", 0, "done"},
	} {
		t.Run(tt.fault+" "+tt.instruments, func(t *testing.T) {
			t.Parallel()
			got := barkeep(t, env(provider(t, []string{when}, "--fault", tt.fault), tt.instruments), "sync").must(t, tt.code)
			if !printed(got.stdout, tt.want) {
				t.Errorf("want %q in\n%s", tt.want, got.stdout)
			}
		})
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		env := []string{"DATABASE_URL=" + e.url}
		if got := barkeep(t, env, "migrate").must(t, 0); !printed(got.stdout, "from schema 0 to") {
			t.Errorf("%s: %s", e.name, got.stdout)
		}
		if got := barkeep(t, env, "migrate").must(t, 0); !printed(got.stdout, "the newest") {
			t.Errorf("%s again: %s", e.name, got.stdout)
		}
		if got := barkeep(t, env, "status").must(t, 0); !printed(got.stdout, "0 series") {
			t.Errorf("%s status: %s", e.name, got.stdout)
		}
	}
}
