package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadInputIsNamedAndChangesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("this is no database, and it is longer than the header of one would be"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  string
		args string
		want []string // in one message
	}{
		{"unknown timeframe", "", "sync --timeframe 7m", []string{"--timeframe", `"7m"`, "1m, 2m, 3m, 5m", "3mo"}},
		{"timeframe of the provider that we lack", "", "sync --timeframe 5d", []string{`"5d"`, "1wk"}},
		{"a minute or a month", "TIMEFRAMES=1M", "sync", []string{"TIMEFRAMES", `"1M"`, "did you mean 1m or 1mo?"}},
		{"a week", "", "sync --timeframe 1w", []string{"--timeframe", `"1w"`, "did you mean 1wk?"}},
		{"a slot that there is none of", "", "sync --slot 3", []string{"--slot 3", "14:05", "counts them from 0"}},
		{"and without running it", "", "sync --slot 3 --dry-run", []string{"--slot 3", "14:05", "counts them from 0"}},
		{"a slot before the first", "", "sync --slot=-1 --dry-run", []string{"--slot -1", "14:05", "counts them from 0"}},
		{"instruments and times at once", "INSTRUMENTS=EUR/USD IMPORT_TIMES=25:00", "sync", []string{"EUR/USD", "25:00"}},
		{"empty instrument", "", "sync --instrument=", []string{"--instrument", "invalid instrument"}},
		{"empty among instruments", "", "sync --instrument ES,,NQ", []string{"--instrument", "empty"}},
		{"two problems at once", "", "sync --instrument ES=F=F --timeframe 7m", []string{"ES=F=F", "7m"}},
		{"instrument in the environment", "INSTRUMENTS=ES, EUR/USD", "sync", []string{"INSTRUMENTS", "EUR/USD"}},
		{"malformed database URL", "DATABASE_URL=mysql://root:hunter2@h/x", "sync", []string{"DATABASE_URL", "postgres://"}},
		{"database URL with a bad port", "DATABASE_URL=postgres://u:hunter2@h:port/x", "sync", []string{"DATABASE_URL"}},
		{"malformed Redis URL", "REDIS_URL=localhost:6379", "sync", []string{"REDIS_URL", "redis://host:6379"}},
		{"unwritable path", "DATABASE_URL=sqlite:/proc/barkeep/b.db", "sync", []string{"DATABASE_URL", "/proc/barkeep"}},
		{"a folder as database", "DATABASE_URL=sqlite:/tmp", "sync", []string{"/tmp"}},
		{"no database at all", "DATABASE_URL=sqlite:" + file, "sync", []string{file}},
		{"a negative rate", "YAHOO_REQUESTS_PER_MINUTE=-3", "sync", []string{"YAHOO_REQUESTS_PER_MINUTE", `"-3"`, "from 0.001"}},
		{"unknown flag", "", "sync --instruments ES", []string{"--instruments"}},
		{"unknown command", "", "imports", []string{"imports"}},
		{"maintenance and backfill", "", "sync --maintenance --backfill", []string{"--maintenance", "--backfill"}},
		{"a time that is none", "BARKEEP_NOW=yesterday", "status", []string{"BARKEEP_NOW", "RFC 3339"}},
		{"a fault that is none", "", "provider --fault earthquake", []string{"--fault", "earthquake", "afterhours"}},
		{"a price that is none", "", "provider --fault price=cheap", []string{"--fault", `"cheap"`, "price=-5"}},
		{"a change that is none", "", "provider --change merger=2,2026-06-15@AAPL", []string{"--change", `"merger"`, "split, dividend, gain, unit, scale, reuse"}},
		{"a change of nothing", "", "provider --change split=4:1,2026-06-15", []string{"--change", "@AAPL"}},
		{"a unit of other money", "", "provider --change unit=GBP,2026-06-15@AAPL", []string{"--change", "USD", "GBp and GBP"}},
		{"a change on no day", "", "provider --actions split=4:1,Monday@AAPL", []string{"--change", `"Monday"`, "2026-06-15"}},
		{"an address in use or none", "", "provider --listen nowhere:99999", []string{"--listen"}},
		{"bars that are not there", "", "provider --bars /nowhere", []string{"/nowhere"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var env []string
			switch {
			case strings.Count(tt.env, "=") > 1:
				env = strings.Fields(tt.env)
			case tt.env != "":
				env = []string{tt.env}
			}
			got := barkeep(t, env, strings.Fields(tt.args)...).must(t, 2)
			for _, want := range tt.want {
				if !printed(got.stderr, want) {
					t.Errorf("the message lacks %q:\n%s", want, got.stderr)
				}
			}
			if printed(got.stderr, "configuration:") {
				t.Errorf("the message speaks of the configuration:\n%s", got.stderr)
			}
			if printed(got.stderr+got.stdout, "hunter2") {
				t.Errorf("a password is shown:\n%s", got.stderr)
			}
			if n := strings.Count(strings.TrimSpace(got.stderr), "\n"); n > 4 {
				t.Errorf("%d lines for one problem:\n%s", n+1, got.stderr)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	help := barkeep(t, nil, "--help").must(t, 0)
	for _, command := range []string{"sync", "status", "migrate", "demo", "provider", "version"} {
		if !printed(help.stdout, command) {
			t.Errorf("--help does not list %s", command)
		}
	}
	sync := barkeep(t, nil, "sync", "--help").must(t, 0)
	for _, flag := range []string{"--instrument", "--timeframe", "--backfill", "--deep", "--maintenance", "--dry-run", "--json"} {
		if !printed(sync.stdout, flag) {
			t.Errorf("sync --help does not list %s", flag)
		}
	}
	for _, arg := range []string{"version", "--version"} {
		if got := barkeep(t, nil, arg).must(t, 0); !strings.HasPrefix(got.stdout, "barkeep ") || strings.Count(got.stdout, "\n") != 1 {
			t.Errorf("%s prints %q", arg, got.stdout)
		}
	}
}
