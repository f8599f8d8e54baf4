package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"barkeep/client"
)

// told leaves out of a status what another process says otherwise: its clock runs on, and a server does not tell its archive's
// place.
func told(status string) string {
	var kept []string
	for line := range strings.SplitSeq(status, "\n") {
		if !strings.HasPrefix(line, "archive ") && !strings.HasPrefix(line, "worker ") && !strings.HasPrefix(line, "now ") && !strings.HasPrefix(line, "clock ") {
			kept = append(kept, line)
		}
	}
	return regexp.MustCompile(`\w{3} \d\d:\d\d: |(in )? *(\d+ (min|h|days|months)|less than 1 min)( ago)?| +$`).ReplaceAllString(strings.Join(kept, "\n"), "")
}

// TestRemoteShowsTheSame holds what a command prints of a server to what it prints of the archive itself.
func TestRemoteShowsTheSame(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, provider(t, []string{when}), "INSTRUMENTS=ES,^GSPC,GC", "TIMEFRAMES=5m,1h,4h,1d", "CATCH_UP_WINDOW=1s")(0)
			barkeep(t, env, "sync").must(t, 0)
			holes(t, e, env, "late")
			worker := serve(t, append(env, "LOG_LEVEL=info", "API_READ_TOKEN=hunter2"))
			env = append(env, "HTTP_ADDR="+strings.TrimPrefix(worker.url, "http://")) // it is asked whether it is ready
			env = append(env, "COLUMNS=300")                                          // the line about the archive, which a server does not tell, is one
			there := []string{"COLUMNS=300", when, "API_READ_TOKEN=hunter2", "BARKEEP_SERVER=" + worker.url}
			for _, args := range []string{
				"show ES 1d --table", "show ES 5m", "show ^GSPC 1h --last 3d --table", "show ES 4h --csv", "show ES 5m --json", "show ES 2h --json --last 50",
				"show ES 1d --json --adjust total --from 2026-07-01 --to 2026-08-01", "show ^GSPC 5m --session regular --csv --last 2d", "show ES 15m --last 2000 --table",
				"coverage", "coverage --instrument ES --timeframe 5m", "coverage --gaps", "coverage --gaps --reason late --json", "coverage --json --from 2026-08-01",
				"coverage --proof", "coverage --findings --json", "status", "status --runs 0",
			} {
				fields := strings.Fields(args)
				here, remote := barkeep(t, env, fields...).must(t, 0).stdout, barkeep(t, there, fields...).must(t, 0).stdout
				if fields[0] == "status" {
					here, remote = told(here), told(remote)
				}
				if here != remote || len(here) < 10 {
					t.Errorf("%s prints\n%s\nand by the server\n%s", args, clip(here), clip(remote))
				}
			}
			for code, cases := range map[int][]string{
				4: {"show ES 5m --require complete --from 2026-07-01"},
				2: {"show NQ 1d", "show ES 7m", "coverage --rebuild", "sync --dry-run", "sync", "show ES 1m --last 60000 --table"},
			} {
				for _, args := range cases {
					if got := barkeep(t, there, strings.Fields(args)...).must(t, code); got.stderr == "" || got.stdout != "" {
						t.Errorf("%s says nothing, or too much\n%s\n%s", args, got.stderr, got.stdout)
					}
				}
			}
			c, err := client.New(client.Config{URL: worker.url, Token: "hunter2"})
			if err != nil {
				t.Fatal(err)
			}
			if series, err := c.Series(t.Context()); err != nil || len(series) != 12 || series[0].Bars == 0 {
				t.Errorf("the series are %+v: %v", series, err)
			}
			barkeep(t, []string{when}, "--server", worker.url, "status").must(t, 2) // the token
			barkeep(t, there, "--server", worker.url, "runs").must(t, 2)            // which has no such flag
		})
	}
}

func clip(text string) string { return text[:min(len(text), 3000)] }

// TestRemoteSync has a worker run a slot and a selection, and gets the result and the exit code of both.
func TestRemoteSync(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, provider(t, []string{when}, "--fault", "empty@GC=F"), "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s")(0)
			worker := serve(t, append(env, "LOG_LEVEL=info"))
			there := []string{"API_TOKEN=hunter2"}
			remote := func(code int, args ...string) ended {
				return barkeep(t, there, append([]string{"--server", worker.url, "sync"}, args...)...).must(t, code)
			}
			if got := remote(0); !strings.HasPrefix(got.stdout, "done      run 1, import 2026-08-19 14:05: 6 series") || !printed(got.stdout, "\nES, NQ ") {
				t.Errorf("the slot:\n%s", got.stdout)
			}
			if got := remote(0); !printed(got.stdout, "already ran at 14:2") {
				t.Errorf("the slot again:\n%s", got.stdout)
			}
			if got := readSlot(t, remote(0, "--slot", "14:05", "--force", "--json").stdout); got.Outcome != "ran" || len(got.Cells) != 6 {
				t.Errorf("forced: %+v", got)
			}
			if got := read(t, remote(0, "--instrument", "CL=F", "--timeframe", "1d", "--json").stdout); len(got.Cells) != 1 || got.Inserted == 0 {
				t.Errorf("ad hoc: %+v", got)
			}
			if got := remote(3, "--instrument", "GC,SI", "--timeframe", "1d"); !printed(got.stdout, "partial") {
				t.Errorf("partly:\n%s", got.stdout)
			}
			remote(4, "--instrument", "GC", "--timeframe", "1d")
			remote(2, "--slot", "3")
			there = []string{"API_TOKEN=guess"}
			if got := remote(2); !printed(got.stderr, "API_TOKEN") {
				t.Errorf("a wrong token: %s", got.stderr)
			}
			if n := count(t, e, fmt.Sprintf(effective, "2026-08-19")); n != 1 {
				t.Errorf("%d effective runs", n)
			}
		})
	}
}

// TestRemoteIsCutOff: of half an answer nothing is shown as if it were whole, and the exit code says so.
func TestRemoteIsCutOff(t *testing.T) {
	t.Parallel()
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		bar, err := json.Marshal(map[string]any{"ts": "2026-08-03T13:30:00Z", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1})
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, `{"instrument":"ES","timeframe":"1d","complete":{},"candles":[%s`, bar)
	}))
	t.Cleanup(half.Close)
	for _, flag := range []string{"--table", "--csv", "--json"} {
		got := barkeep(t, nil, "--server", half.URL, "show", "ES", "1d", flag).must(t, 4)
		if !printed(got.stderr, "cut off") || printed(got.stdout, "2026-08-03") {
			t.Errorf("%s: %s\n%s", flag, got.stderr, got.stdout)
		}
	}
}
