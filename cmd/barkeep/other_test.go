package main_test

import (
	"slices"
	"strings"
	"testing"
)

// TestAnswersForSomethingElseChangeNothing: a provider under pressure mixes its answers up. What was stored stays as it was, also
// in the derived series and the listing, and the run says what was asked and what came.
func TestAnswersForSomethingElseChangeNothing(t *testing.T) {
	t.Parallel()
	calm := provider(t, []string{when})
	dayAfter := []string{"BARKEEP_NOW=2026-08-20T14:25:00-07:00"}
	calmer := provider(t, dayAfter)
	for _, tt := range []struct {
		faults []string
		code   int
		series string // that fails, of five
		says   []string
		state  string
	}{
		{[]string{"symbol=NQ=F"}, 4, "ES", []string{"asked for ES=F", `the answer is for the symbol "NQ=F"`, "asked for GC=F"}, "failed"},
		{[]string{"symbol=NQ=F@ES=F"}, 3, "ES", []string{"asked for ES=F 5m", `the answer is for the symbol "NQ=F"`}, "partial"},
		{[]string{"interval=1h@ES=F/5m"}, 3, "ES 5m", []string{"asked for ES=F 5m", `the answer has bars of "1h"`}, "partial"},
		{[]string{"rows=1h@ES=F/5m"}, 3, "ES 5m", []string{"asked for ES=F 5m", `claims "5m" and has rows that lie 1h apart`}, "partial"},
		{[]string{"rows=15m@ES=F/5m"}, 3, "ES 5m", []string{"asked for ES 5m, but rows lie 15m apart, and ", "of the series lie between them"}, "partial"},
		{[]string{"rows=4h@ES=F/1h"}, 3, "ES 1h", []string{"asked for ES 1h, but rows lie 4h apart, and "}, "partial"},
		{[]string{"rows=1d@ES=F/5m"}, 3, "ES 5m", []string{"asked for ES=F 5m", `claims "5m" and has one row a day`}, "partial"},
		{[]string{"rows=5m@ES=F/1h"}, 3, "ES 1h", []string{"asked for ES=F 1h", `claims "1h" and has rows that lie 5m apart`}, "partial"},
		{[]string{"rows=1h@ES=F/1d"}, 3, "ES 1d", []string{"asked for ES=F 1d", `claims "1d" and has several rows a day`}, "partial"},
		{[]string{"rows=1wk@ES=F/1d"}, 3, "ES 1d", []string{"asked for ES=F 1d", `claims "1d" and has rows that leave out sessions`}, "partial"},
		{[]string{"symbol=NQ=F@ES=F/5m:1", "rows=1d@GC=F/5m:1"}, 0, "", []string{"done"}, "done"}, // asked once more
	} {
		t.Run(strings.Join(tt.faults, " "), func(t *testing.T) {
			t.Parallel()
			e := engines(t)[0]
			env := func(day int, address string) []string {
				return append(slotEnv(t, e, address)(day), "INSTRUMENTS=ES,GC", "TIMEFRAMES=5m,1h,4h,1d")
			}
			barkeep(t, env(0, calm), "sync").must(t, 0)
			before, listed := ohlc(t, e), count(t, e, "SELECT count(*) FROM listings")
			var args []string
			for _, fault := range tt.faults {
				args = append(args, "--fault", fault)
			}
			moody := provider(t, dayAfter, args...)
			got := barkeep(t, env(1, moody), "sync").must(t, tt.code)
			said := strings.Join(strings.Fields(got.stdout+got.stderr), " ")
			for _, want := range append(tt.says, tt.state) {
				if !strings.Contains(strings.ReplaceAll(said, `\"`, `"`), want) {
					t.Errorf("want %q in\n%s\n%s", want, got.stdout, got.stderr)
				}
			}
			if tt.code != 0 && !strings.Contains(said, "answer for something else") {
				t.Errorf("it does not say what kind of answer that was:\n%s", got.stdout)
			}
			after := ohlc(t, e)
			for _, bar := range before {
				if failed(bar, tt.series) && !slices.Contains(after, bar) {
					t.Fatalf("%s is gone or changed", bar)
				}
			}
			if tt.series != "" {
				was, is := 0, 0
				for _, bar := range before {
					was += one(failed(bar, tt.series))
				}
				for _, bar := range after {
					is += one(failed(bar, tt.series))
				}
				if was != is || was == 0 {
					t.Errorf("%s had %d bars and has %d", tt.series, was, is)
				}
			}
			if n := count(t, e, "SELECT count(*) FROM listings"); n != listed {
				t.Errorf("%d listings became %d", listed, n)
			}
			if n := count(t, e, "SELECT count(*) FROM cells WHERE run_id = 2 AND state = 'unavailable'"); n != 0 {
				t.Errorf("%d series are unavailable", n)
			}
			barkeep(t, env(1, calmer), "sync").must(t, 0)
			e, healed := engines(t)[0], ohlc(t, e)
			for day, address := range []string{calm, calmer} {
				barkeep(t, append(slotEnv(t, e, address)(day), "INSTRUMENTS=ES,GC", "TIMEFRAMES=5m,1h,4h,1d"), "sync").must(t, 0)
			}
			want := ohlc(t, e)
			if !slices.Equal(healed, want) {
				t.Errorf("once the provider is calm the archive holds %d bars, one that never met the fault %d, not the same", len(healed), len(want))
			}
		})
	}
}

// TestAnswersForAnotherSymbolProveNothing: a series without records is not unavailable because of them, and has no listing.
func TestAnswersForAnotherSymbolProveNothing(t *testing.T) {
	t.Parallel()
	for fault, code := range map[string]int{"symbol=MSFT@OCDO.L": 3, "symbol=MSFT": 4} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[0]
			address := provider(t, []string{when}, "--fault", fault)
			env := []string{when, "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES,OCDO.L", "TIMEFRAMES=1d,1wk"}
			got := barkeep(t, env, "sync").must(t, code)
			if !printed(got.stdout, "answer for something else") || printed(got.stdout, "unavailable") {
				t.Errorf("sync says\n%s", got.stdout)
			}
			for _, query := range []string{
				"SELECT count(*) FROM listings WHERE instrument = 'OCDO.L' OR symbol = 'MSFT'", "SELECT count(*) FROM ohlc WHERE instrument = 'OCDO.L'",
				"SELECT count(*) FROM cells WHERE instrument = 'OCDO.L' AND state <> 'failed'",
			} {
				if n := count(t, e, query); n != 0 {
					t.Errorf("%s: %d", query, n)
				}
			}
		})
	}
}

// failed tells whether a line of ohlc is of a series that was not answered, or derived from one; of an instrument, all of them.
func failed(bar, series string) bool {
	series = strings.ReplaceAll(series, " ", "")
	if strings.HasSuffix(series, "1h") && strings.HasPrefix(bar, strings.TrimSuffix(series, "1h")+"4h") {
		return true
	}
	return series != "" && strings.HasPrefix(bar, series)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}
