package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// quarters are rows of 15 minutes of MSFT for the provider's window, but for one row.
func quarters(t *testing.T, without string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	share, err := market.Resolve("MSFT")
	if err != nil {
		t.Fatal(err)
	}
	to := time.Date(2026, 8, 19, 20, 0, 0, 0, time.UTC)
	text := "ts,open,high,low,close,volume\n"
	market.M15.Expected(share.Calendar, market.Window{From: to.AddDate(0, 0, -70), To: to}, func(at time.Time) bool {
		if at.Format(time.RFC3339) != without {
			text += fmt.Sprintf("%d,150,151,149,150.5,1000\n", at.Unix())
		}
		return true
	})
	if err := os.WriteFile(filepath.Join(folder, "MSFT_15m.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// derivedBar is a derived bar as the API gives it.
type derivedBar struct {
	TS    time.Time
	Flags []string
	Bars  *int `json:"base_bars"`
	Due   *int `json:"base_due"`
}

// barAt is the bar that starts then, as the API has it.
func barAt(t *testing.T, worker serving, series, start, more string) (found derivedBar) {
	t.Helper()
	var page struct{ Candles []derivedBar }
	get(t, worker.url+"/api/v1/candles?instrument="+strings.Replace(series, " ", "&timeframe=", 1)+"&from=2026-08-01"+more, &page)
	for _, c := range page.Candles {
		if c.TS.Format(time.RFC3339) == start {
			return c
		}
	}
	t.Fatalf("no bar of %s starts at %s: %+v", series, start, page)
	return found
}

// TestDerivedBarsSayOfHowMany lets a day and a quarter of an hour come late: bars that hold them say how many they lacked, in
// the view and over HTTP, also as of then, and then that they lack none.
func TestDerivedBarsSayOfHowMany(t *testing.T) {
	t.Parallel()
	const week, half = "2026-08-10T04:00:00Z", "2026-08-18T14:00:00Z"
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := func(address string) []string {
				return append(shareEnv(e, afterSplit, address), "INSTRUMENTS=AAPL,MSFT", "TIMEFRAMES=15m,30m,1d,1wk", "CATCH_UP_WINDOW=1s")
			}
			both := func(env []string, more ...string) {
				t.Helper()
				barkeep(t, env, append([]string{"sync", "--instrument", "AAPL", "--timeframe", "1d,1wk"}, more...)...).must(t, 0)
				barkeep(t, env, append([]string{"sync", "--instrument", "MSFT", "--timeframe", "15m,30m"}, more...)...).must(t, 0)
			}
			says := func(name string, c derivedBar, have, due int) {
				t.Helper()
				if c.Bars == nil || c.Due == nil || *c.Bars != have || *c.Due != due || (len(c.Flags) == 1) != (have < due) {
					t.Errorf("%s: %+v, want %d of %d", name, c, have, due)
				}
			}
			inView := func(timeframe, start, is string) int {
				t.Helper()
				return count(t, e, `SELECT count(*) FROM ohlc WHERE timeframe = '`+timeframe+`' AND ts = '`+start+`' AND `+is)
			}
			holes := env(provider(t, []string{afterSplit}, "--fault", "withdraw=2026-08-12@AAPL/1d", "--bars", quarters(t, "2026-08-18T14:15:00Z")))
			both(holes)
			if inView("1wk", week, "base_bars = 4 AND base_due = 5 AND NOT complete") != 1 {
				t.Error("the view lacks the week of 4 of 5")
			}
			if inView("30m", half, "base_bars = 1 AND base_due = 2") != 1 || count(t, e, `SELECT count(*) FROM ohlc WHERE timeframe = '1d' AND
				(base_bars IS NOT NULL OR base_due IS NOT NULL)`) != 0 {
				t.Error("the view lacks the half hour of 1 of 2, or gives parts of a bar that was fetched")
			}
			if said := barkeep(t, holes, "verify").must(t, 4).stdout; !strings.Contains(said, "fault: AAPL 1d: 1 bar missing (absent)") ||
				!strings.Contains(said, "2 derived series are what their base gives") {
				t.Errorf("verify says\n%s", said)
			}

			const next = "BARKEEP_NOW=2026-08-19T14:35:00-07:00"
			late := append(env(provider(t, []string{next}, "--bars", quarters(t, ""))), next)
			both(late, "--backfill")
			worker := serve(t, append(late, laterOn))
			says("the week", barAt(t, worker, "AAPL 1wk", week, ""), 5, 5)
			says("the half hour", barAt(t, worker, "MSFT 30m", half, ""), 2, 2)
			says("the week as of then", barAt(t, worker, "AAPL 1wk", week, "&as_of=2026-08-19T21:30:00Z"), 4, 5)
			says("the half hour as of then", barAt(t, worker, "MSFT 30m", half, "&as_of=2026-08-19T21:30:00Z"), 1, 2)
			if c := barAt(t, worker, "AAPL 1d", "2026-08-12T04:00:00Z", ""); c.Bars != nil || c.Due != nil {
				t.Errorf("a day that was fetched has %+v", c)
			}
			barkeep(t, late, "verify").must(t, 0)
		})
	}
}

// TestVerifyNamesAWrongCount changes what is stored beside a bar: verify names a wrong number and lets pass where there is none;
// rebuild mends both and keeps no revision, since the values were right.
func TestVerifyNamesAWrongCount(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := derivedEnv(e, address)
			synced(t, env, "1h,4h,1d,1wk")
			revisions := count(t, e, `SELECT count(*) FROM candle_revisions`)
			change(t, e, `UPDATE candles SET parts = 1283 WHERE ts = `+e.at("2026-08-10 04:00:00")+` AND `+ofAAPL("1wk"))
			for range 2 { // an archive of an earlier release has none at all
				got := barkeep(t, env, "verify").must(t, 4)
				if !printed(got.stdout, "AAPL 1wk is not what 1d gives: 1 bars differ") ||
					!printed(got.stdout, "first: 2026-08-10T04:00:00Z, base bars is 3 of 5,\n  the base gives 5 of 5\n") {
					t.Errorf("verify says\n%s", got.stdout)
				}
				change(t, e, `UPDATE candles SET parts = 0 WHERE `+ofAAPL("4h"))
			}
			fours := count(t, e, `SELECT count(*) FROM candles WHERE `+ofAAPL("4h"))
			change(t, e, `UPDATE candles SET parts = 0 WHERE `+ofAAPL("1wk"))
			weeks := count(t, e, `SELECT count(*) FROM candles WHERE `+ofAAPL("1wk"))
			want := fmt.Sprintf("%d derived bars are from before base bars were counted: barkeep rebuild counts them", weeks+fours)
			if got := barkeep(t, env, "verify").must(t, 0); !printed(got.stdout, want) {
				t.Errorf("verify says\n%s\nwant %s", got.stdout, want)
			}
			barkeep(t, env, "rebuild").must(t, 0)
			if got := barkeep(t, env, "verify").must(t, 0); printed(got.stdout, "from before") {
				t.Errorf("after the rebuild verify says\n%s", got.stdout)
			}
			if n := count(t, e, `SELECT count(*) FROM candle_revisions`); n != revisions {
				t.Errorf("%d revisions were kept of values that did not change", n-revisions)
			}
		})
	}
}
