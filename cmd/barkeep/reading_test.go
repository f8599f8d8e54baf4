package main_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestReadingMakesNothing asks for what is not there yet: each command says so, and leaves the folder as it was.
func TestReadingMakesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"status", 0, "missing there is no archive at sqlite:data/barkeep.db yet: barkeep sync makes it"},
		{"status --json", 0, `"exists": false`},
		{"runs", 0, "missing there is no archive at sqlite:data/barkeep.db yet"},
		{"runs --json", 0, "[]"},
		{"runs 1", 2, "there is no archive at sqlite:data/barkeep.db yet"},
		{"doctor", 0, "sqlite:data/barkeep.db, not there yet: the first sync makes it"},
		{"verify", 2, "there is no such file"},
		{"backup copy.db", 2, "there is no such file"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			cmd := command(t, nil, strings.Fields(tt.args)...)
			out, _ := cmd.CombinedOutput() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !printed(string(out), tt.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, tt.code, tt.says, out)
			}
			left, err := os.ReadDir(cmd.Dir)
			if err != nil || len(left) != 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

// TestAWrongSelectionIsNamedWithoutAnArchive: what the first sync would refuse is refused before it, too.
func TestAWrongSelectionIsNamedWithoutAnArchive(t *testing.T) {
	t.Parallel()
	for variable, says := range map[string]string{"TIMEFRAMES=1M": "did you mean 1m or 1mo?", "INSTRUMENTS=ES/": "INSTRUMENTS: "} {
		for _, args := range []string{"status", "runs"} {
			cmd := command(t, []string{variable}, args)
			out, _ := cmd.CombinedOutput() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), says) {
				t.Errorf("%s with %s: exit code %d, want 2 and %q:\n%s", args, variable, code, says, out)
			}
		}
	}
}

// TestARunInProgressIsShown reads a run that has not ended, and asks for one that there is not.
func TestARunInProgressIsShown(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{"BARKEEP_NOW=2026-08-19T21:30:00Z", "DATABASE_URL=" + e.url}
			barkeep(t, env, "migrate").must(t, 0)
			if got := barkeep(t, env, "runs", "99").must(t, 2); got.stderr != warned(got.stderr)+"barkeep: there is no run 99; there are none yet\n" {
				t.Errorf("without a run:\n%s", got.stderr)
			}
			started, ends := "1787174400000000", "99999999999999" // 21:20:00Z in microseconds; a lease that lasts, in milliseconds
			if e.name == "postgres" {
				started, ends = "to_timestamp(1787174400)", "to_timestamp(99999999999)"
			}
			db := e.open(t)
			statement(t, db, "INSERT INTO runs (job, trading_date, slot, slot_at, slot_time, attempt, entry, host, state, started, token, lease_until) "+
				"VALUES ('import', '2026-08-19', 0, 1787173500, '14:05', 1, 'sync', 'box', 'running', "+started+", 'x', "+ends+")")
			statement(t, db, "INSERT INTO cells (run_id, instrument, timeframe, state, reason) SELECT id, 'ES', '1d', 'failed', 'no' FROM runs")
			if got := barkeep(t, env, "runs", "99").must(t, 2); !strings.HasSuffix(got.stderr, "barkeep: there is no run 99; the newest is 1\n") {
				t.Errorf("with one run:\n%s", got.stderr)
			}
			got := barkeep(t, env, "runs", "1").must(t, 0).stdout
			if want := "0 bars inserted, 0 changed, 0 unchanged; 0 requests in 10 min"; !strings.Contains(got, want) ||
				!strings.HasPrefix(flat(got), "running run 1, import 2026-08-19 14:05: 1 series ended so far, of them 1 failed 0 bars inserted") {
				t.Errorf("a run in progress is shown as\n%s", got)
			}
			statement(t, db, "INSERT INTO cells (run_id, instrument, timeframe, state, reason) SELECT id, 'NQ', '1d', 'held back', 'type' FROM runs")
			got = barkeep(t, env, "runs", "1").must(t, 0).stdout
			if !printed(got, ": 2 series ended so far, of them 1 failed, 1 held back") || !strings.Contains(got, "\nheld back NQ 1d\n          type\n") {
				t.Errorf("a series that is held back is shown as\n%s", got)
			}
			if list := barkeep(t, env, "runs").must(t, 0).stdout; !strings.Contains(list, "2026-08-19 14:05") {
				t.Errorf("runs shows\n%s", list)
			}
			var runs []struct {
				Job, Date string
				Slot      *int
				At        struct{ UTC, Pacific string }
				Attempt   int
				Forced    *bool
			}
			if err := json.Unmarshal([]byte(barkeep(t, env, "runs", "--json").must(t, 0).stdout), &runs); err != nil || len(runs) != 1 {
				t.Fatalf("%d runs, %v", len(runs), err)
			}
			if r := runs[0]; r.Job != "import" || r.Date != "2026-08-19" || r.Slot == nil || *r.Slot != 0 || r.Attempt != 1 ||
				r.Forced == nil || *r.Forced || r.At.UTC != "2026-08-19T21:05:00Z" || r.At.Pacific != "2026-08-19T14:05:00-07:00" {
				t.Errorf("runs --json shows %+v", r)
			}
		})
	}
}

// warned is what the log said before the last line.
func warned(stderr string) string {
	return stderr[:strings.LastIndexByte(strings.TrimSuffix(stderr, "\n"), '\n')+1]
}
