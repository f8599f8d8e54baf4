package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The share of these tests is split 4:1 on Monday, 2026-08-17, and pays a dividend a week before; it is synced on the Friday
// between and on the Wednesday after.
const (
	beforeSplit = "BARKEEP_NOW=2026-08-14T14:25:00-07:00"
	afterSplit  = "BARKEEP_NOW=2026-08-19T14:25:00-07:00"
	laterOn     = "BARKEEP_NOW=2026-08-19T16:00:00-07:00"
)

// changing is a provider by whose clock it is then.
func changing(t *testing.T, now string) string {
	t.Helper()
	return provider(t, []string{now}, "--change", "split=4:1,2026-08-17@AAPL", "--change", "dividend=0.5,2026-08-10@AAPL")
}

// shareEnv is the environment of a command on an archive at a time.
func shareEnv(e engine, now, address string) []string {
	return []string{
		now, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url, "INSTRUMENTS=AAPL", "TIMEFRAMES=1h,4h,1d,1wk",
	}
}

// splitArchive is an archive that was synced before the split, had a dataset made then, and was synced after it.
func splitArchive(t *testing.T, e engine) (env []string) {
	t.Helper()
	first := shareEnv(e, beforeSplit, changing(t, beforeSplit))
	barkeep(t, first, "sync", "--instrument", "AAPL", "--timeframe", "1h,4h,1d,1wk").must(t, 0)
	then := append(slices.Clone(first), "BARKEEP_NOW=2026-08-14T15:00:00-07:00")
	barkeep(t, then, "dataset", "create", "early", "--instrument", "AAPL", "--timeframe", "1h,4h,1d,1wk").must(t, 0)
	second := shareEnv(e, afterSplit, changing(t, afterSplit))
	barkeep(t, second, "sync", "--instrument", "AAPL", "--timeframe", "1h,4h,1d,1wk").must(t, 0)
	return append(second, laterOn)
}

// pinnedSeries is what a dataset says of its series.
type pinnedSeries struct {
	AsOf   struct{ UTC time.Time } `json:"as_of"`
	Series []struct {
		Instrument, Timeframe, Digest string
		Bars                          int
		First, Last                   time.Time
	}
}

func pinnedBy(t *testing.T, out string) pinnedSeries {
	t.Helper()
	var p pinnedSeries
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return p
}

// What was pinned before a split is the same after it, here and in a copy, though every bar of it has other values now; a bar of
// then that is altered is found, and its series named.
func TestDatasetsOutliveASplit(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := splitArchive(t, e)
			all := []string{"--instrument", "AAPL", "--timeframe", "1h,4h,1d,1wk", "--json"}
			early := pinnedBy(t, barkeep(t, env, append([]string{"dataset", "create", "again", "--as-of", "run:1"}, all...)...).must(t, 0).stdout)
			now := pinnedBy(t, barkeep(t, env, append([]string{"dataset", "create", "now"}, all...)...).must(t, 0).stdout)
			var list struct {
				Datasets []struct {
					Name string
					pinnedSeries
				}
			}
			if err := json.Unmarshal([]byte(barkeep(t, env, "dataset", "list", "--json").must(t, 0).stdout), &list); err != nil || len(list.Datasets) != 3 {
				t.Fatalf("%+v, %v", list, err)
			}
			for i, s := range list.Datasets[1].Series { // by name: again, early, now
				if early.Series[i] != s || s.Bars < 10 {
					t.Errorf("as of run 1 there is %+v, and it was %+v", early.Series[i], s)
				}
				if now.Series[i].Digest == s.Digest {
					t.Errorf("%s is the same after a split", s.Timeframe)
				}
			}
			for _, name := range []string{"early", "again", "now"} {
				said := barkeep(t, env, "dataset", "verify", name).must(t, 0).stdout
				if readable(t, said); !strings.Contains(said, "the same bars (as of then)") {
					t.Errorf("%s", said)
				}
			}
			readable(t, barkeep(t, env, "dataset", "list").must(t, 0).stdout)
			change(t, e, `UPDATE candles SET close = close + 1 WHERE ts IN (SELECT max(ts) FROM candles WHERE series_id = `+
				`(SELECT id FROM series WHERE timeframe = '1d')) AND series_id = (SELECT id FROM series WHERE timeframe = '1d')`)
			wrong := barkeep(t, env, "dataset", "verify", "now").must(t, 4)
			if !printed(wrong.stderr, "AAPL 1d differs") || !printed(wrong.stdout, "differs") {
				t.Errorf("%s\n%s", wrong.stdout, wrong.stderr)
			}
			barkeep(t, env, "dataset", "verify", "early").must(t, 0)
			barkeep(t, env, "dataset", "remove", "now").must(t, 0)
			barkeep(t, env, "dataset", "verify", "now").must(t, 2)
		})
	}
}

// Another archive proves a dataset by what it knew then, or by what it holds now where it began later; it says which.
func TestDatasetsElsewhere(t *testing.T) {
	t.Parallel()
	both := engines(t)
	here, there := both[0], both[1]
	env := splitArchive(t, here)
	folder := t.TempDir()
	copied := filepath.Join(folder, "copy.db")
	barkeep(t, env, "backup", copied).must(t, 0)
	if said := barkeep(t, env, "dataset", "verify", "early", "--against", copied).must(t, 0).stdout; !strings.Contains(said, "the same bars (as of then)") {
		t.Errorf("a copy: %s", said)
	}
	barkeep(t, shareEnv(there, laterOn, changing(t, laterOn)), "sync", "--instrument", "AAPL", "--timeframe", "1h,4h,1d,1wk").must(t, 0)
	create := []string{"dataset", "create", "late", "--instrument", "AAPL", "--timeframe", "1h,1d", "--from", "2026-07-13", "--to", "2026-08-15"}
	barkeep(t, env, create...).must(t, 0)
	if said := barkeep(t, env, "dataset", "verify", "late", "--against", there.url).must(t, 0).stdout; !strings.Contains(said, "the same bars (as stored now)") {
		t.Errorf("an archive that began later: %s", said)
	}
	if said := barkeep(t, env, "dataset", "verify", "early", "--against", there.url).must(t, 4); !printed(said.stderr, "AAPL 1h differs") {
		t.Errorf("the scale of before: %s", said.stderr)
	}
	for _, c := range []struct{ against, says string }{
		{here.url, "this archive itself"},
		{"mysql://h/x", "postgres://"},
		{filepath.Join(folder, "none.db"), "expected"},
		{"sqlite:" + filepath.Join(folder, "none.db"), "no archive"},
	} {
		if said := barkeep(t, env, "dataset", "verify", "early", "--against", c.against).must(t, 2).stderr; !strings.Contains(said, c.says) {
			t.Errorf("--against %s: %s", c.against, said)
		}
	}
}

// The actions and what they changed are shown to people and to scripts, and bars are served as traded then.
func TestThePastOfAShare(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := splitArchive(t, e)
			shown := barkeep(t, env, "actions", "aapl").must(t, 0).stdout
			for _, want := range []string{"split 4:1", "2026-08-17", "dividend", "2026-08-10"} {
				if readable(t, shown); !strings.Contains(shown, want) {
					t.Errorf("actions lack %q: %s", want, shown)
				}
			}
			barkeep(t, env, "actions", "list").must(t, 0)
			revisions := barkeep(t, env, "revisions", "AAPL").must(t, 0).stdout
			if readable(t, revisions); !strings.Contains(revisions, "split 4:1 of 2026-08-17") || !strings.Contains(revisions, "by run 2") ||
				!strings.Contains(revisions, "prices x 1/4, volumes x 4/1") {
				t.Errorf("revisions: %s", revisions)
			}
			worker := serve(t, append(env, "CATCH_UP_WINDOW=1s"))
			compareServed(t, worker.url, env)
		})
	}
}

// compareServed compares what a worker serves: as of run 1, and as traded then.
func compareServed(t *testing.T, url string, env []string) {
	t.Helper()
	type bars struct {
		Candles []struct {
			TS    time.Time
			Close float64
		}
	}
	for _, tf := range []string{"1h", "4h", "1d", "1wk"} {
		read := func(more string) (b bars) {
			if status := get(t, fmt.Sprintf("%s/api/v1/candles?instrument=AAPL&timeframe=%s&to=2026-08-15%s", url, tf, more), &b); status != http.StatusOK {
				t.Fatalf("%s%s: %d", tf, more, status)
			}
			return b
		}
		now, then, traded, total := read(""), read("&as_of=run:1"), read("&adjust=none"), read("&adjust=total")
		if len(then.Candles) < 10 {
			t.Fatalf("%s as of run 1: %d bars", tf, len(then.Candles))
		}
		offset := len(now.Candles) - len(then.Candles) // the second sync may have added older bars, or a week that was not over
		for i, b := range then.Candles {
			k := slices.IndexFunc(now.Candles, func(n struct {
				TS    time.Time
				Close float64
			},
			) bool {
				return n.TS.Equal(b.TS)
			})
			if k < 0 || now.Candles[k].Close*4 != b.Close || traded.Candles[k].Close != b.Close {
				t.Fatalf("%s bar %d (%d more now): %v as of run 1, %v now, %v as traded", tf, i, offset, b, now.Candles[k], traded.Candles[k])
			}
		}
		first, last := now.Candles[0].Close, now.Candles[len(now.Candles)-1].Close
		if f, l := total.Candles[0].Close, total.Candles[len(total.Candles)-1].Close; f >= first || l != last {
			t.Errorf("%s with dividends reinvested: first %v of %v, last %v of %v", tf, f, first, l, last)
		}
	}
	var actions, printed map[string]any
	get(t, url+"/api/v1/actions?instrument=AAPL", &actions)
	if err := json.Unmarshal([]byte(barkeep(t, env, "actions", "AAPL", "--json").must(t, 0).stdout), &printed); err != nil {
		t.Fatal(err)
	}
	sameKeys(t, "actions", actions, printed)
	get(t, url+"/api/v1/revisions/AAPL?timeframe=1d", &actions)
	if err := json.Unmarshal([]byte(barkeep(t, env, "revisions", "AAPL", "--json").must(t, 0).stdout), &printed); err != nil {
		t.Fatal(err)
	}
	sameKeys(t, "revisions", actions, printed)
}

func TestThePastRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := splitArchive(t, e)
	const series = " --instrument AAPL --timeframe 1d"
	for args, want := range map[string]string{
		"dataset create x" + series + " --as-of run:99":                    "there is no run 99; the newest is 2",
		"dataset create x" + series + " --as-of yesterday":                 "run:12",
		"dataset create x" + series + " --as-of 2030-01-01T00:00:00Z":      "has not come yet",
		"dataset create x" + series + " --as-of 2020-01-01T00:00:00Z":      "accepted is an instant from 2026-08-14T21:2",
		"dataset create a/b" + series:                                      `"a/b": accepted are`,
		"dataset create early" + series:                                    "there is a dataset early already",
		"dataset create x --instrument MSFT --timeframe 1d":                "MSFT 1d: no bars are stored",
		"dataset create x --instrument AAPL --timeframe 7m":                "--timeframe",
		"dataset create x --timeframe 1d":                                  "--instrument",
		"dataset create x" + series + " --from 2026-08-15 --to 2026-08-15": "--to 2026-08-15 is not after",
		"dataset create x" + series + " --from May":                        `--from "May"`,
		"dataset remove x":              "dataset list",
		"dataset verify x":              `no dataset "x"`,
		"revisions AAPL --timeframe 7m": "--timeframe",
		"revisions AAPL --limit 0":      "--limit",
		"revisions AAPL --to x":         "--to",
		"revisions EUR/USD":             "EUR/USD",
		"actions EUR/USD":               "EUR/USD",
	} {
		if said := barkeep(t, env, strings.Fields(args)...).must(t, 2).stderr; !strings.Contains(said, want) {
			t.Errorf("%s: %s; want %q", args, said, want)
		}
	}
	none := []string{"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "none.db")}
	for _, args := range []string{"actions", "revisions AAPL", "dataset list"} {
		if said := barkeep(t, none, strings.Fields(args)...).must(t, 0); !printed(said.stderr, "no archive") {
			t.Errorf("%s without an archive: %s %s", args, said.stdout, said.stderr)
		}
	}
}
