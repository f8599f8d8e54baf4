package fake_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// extra gives the rows of a that b lacks.
func extra(a, b rows) []int {
	var all []int
	for i, ts := range a.ts {
		if b.index(ts) < 0 {
			all = append(all, i)
		}
	}
	return all
}

// TestRowsAfterHours: an equity has rows on both sides of the session, and its session's rows stay as they are.
func TestRowsAfterHours(t *testing.T) {
	t.Parallel()
	from, now := at(t, "2026-11-16 00:00"), at(t, "2026-11-17 18:02:30")
	for _, c := range []struct {
		symbol, interval string
		before, after    string // the first and the last row of Monday
		rows             int
	}{
		{"AAPL", "1h", "04:00", "19:00", 6 + 7 + 4},
		{"AAPL", "5m", "04:00", "19:55", 16 * 12},
		{"VOD.L", "15m", "02:00", "12:15", 10*4 + 2}, // from 07:00 to 17:30 in London
	} {
		p := provider(t, now)
		calm := get(t, p, c.symbol, c.interval, from, now)
		inject(t, p, "afterhours@"+c.symbol)
		got := get(t, p, c.symbol, c.interval, from, now)
		var monday []int64
		for _, ts := range got.ts {
			if strings.HasPrefix(stamp(ts), "Mon") {
				monday = append(monday, ts)
			}
		}
		n := len(monday)
		if n != c.rows || !strings.Contains(stamp(monday[0]), c.before) || !strings.Contains(stamp(monday[n-1]), c.after) {
			t.Errorf("%s %s: %d rows on Monday from %s to %s, want %d from %s to %s", c.symbol, c.interval, n, stamp(monday[0]), stamp(monday[n-1]),
				c.rows, c.before, c.after)
		}
		for i, ts := range calm.ts[:len(calm.ts)-1] { // the live row on the close gives way
			if j := got.index(ts); j < 0 || *got.column["close"][j] != *calm.column["close"][i] {
				t.Fatalf("%s %s: the row of %s is gone or changed", c.symbol, c.interval, stamp(ts))
			}
		}
		if last := got.ts[len(got.ts)-1]; last > now.Unix() || !slices.IsSorted(got.ts) {
			t.Errorf("the last row is %s", stamp(last))
		}
		for _, i := range extra(got, calm) {
			if got.volume(t, i) != 0 || flat(got, i) {
				t.Errorf("%s has volume %v", stamp(got.ts[i]), got.volume(t, i))
			}
		}
	}
	p := provider(t, now)
	inject(t, p, "afterhours=2026-11-17")
	if r := get(t, p, "AAPL", "1h", from, now); r.index(at(t, "2026-11-16 19:00").Unix()) >= 0 || r.index(at(t, "2026-11-17 08:00").Unix()) < 0 {
		t.Error("a date is not heeded")
	}
	if r := get(t, p, "AAPL", "1h", at(t, "2026-11-17 16:05"), now); len(r.ts) != 2 {
		t.Errorf("an evening has %d rows, want two", len(r.ts))
	}
	for _, c := range [][2]string{{"ES=F", "1h"}, {"BTC-USD", "1h"}, {"AAPL", "1d"}} {
		calm := get(t, provider(t, now), c[0], c[1], from, now)
		if got := get(t, p, c[0], c[1], from, now); len(extra(got, calm)) > 0 {
			t.Errorf("%v has rows after hours", c)
		}
	}
}

func TestRowsOffTheGrid(t *testing.T) {
	t.Parallel()
	from, now := at(t, "2026-11-02 00:00"), at(t, "2026-11-24 12:00")
	for _, c := range []struct {
		symbol, interval string
		least, most      int
	}{{"AAPL", "5m", 100, 240}, {"ES=F", "1h", 20, 90}, {"AAPL", "1d", 3, 3}} {
		p := provider(t, now)
		calm := get(t, p, c.symbol, c.interval, from, now)
		inject(t, p, "offgrid")
		got := get(t, p, c.symbol, c.interval, from, now)
		more := extra(got, calm)
		if len(more) < c.least || len(more) > c.most || len(got.ts) != len(calm.ts)+len(more) || !slices.IsSorted(got.ts) {
			t.Errorf("%s %s: %d more rows beside %d, want %d to %d", c.symbol, c.interval, len(more), len(calm.ts), c.least, c.most)
		}
		for _, i := range more {
			ts := got.ts[i]
			saturday := strings.HasPrefix(stamp(ts), "Sat")
			if c.interval == "1d" && !saturday || c.interval != "1d" && ts%300 == 0 && ts%3600 == 0 || flat(got, i) {
				t.Errorf("%s %s is on the grid", c.interval, stamp(ts))
			}
		}
	}
}

// TestTheLiveRowTwice: at the same instant, and a second later (or earlier, where later would be in the future).
func TestTheLiveRowTwice(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{at(t, "2026-11-17 12:02:30"), at(t, "2026-11-17 20:00")} {
		for fault, apart := range map[string]int64{"twice": 0, "twice=20s": 20} {
			for _, symbol := range []string{"AAPL", "ES=F"} {
				p := provider(t, now)
				calm := get(t, p, symbol, "5m", now.AddDate(0, 0, -1), now)
				inject(t, p, fault)
				got := get(t, p, symbol, "5m", now.AddDate(0, 0, -1), now)
				n := len(got.ts) - 1
				if n != len(calm.ts) || got.ts[n]-got.ts[n-1] != apart || !flat(got, n) || !flat(got, n-1) || got.ts[n] > now.Unix() {
					t.Errorf("%s %s: %d rows after %d, the last at %s and %s", symbol, fault, n+1, len(calm.ts), stamp(got.ts[n-1]), stamp(got.ts[n]))
				}
				if !slices.Equal(got.ts[:n-1], calm.ts[:n-1]) {
					t.Error("another row moved")
				}
			}
		}
	}
}

// TestARowAtTheCloseThatStays is there in the evening, as the live row is, and on the next days.
func TestARowAtTheCloseThatStays(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"AAPL", "2026-11-16 16:00"}, {"ES=F", "2026-11-16 17:00"}, {"VOD.L", "2026-11-16 11:30"}} {
		for _, when := range []string{"2026-11-16 17:30", "2026-11-17 12:02"} {
			now := at(t, when)
			p := provider(t, now)
			inject(t, p, "closerow=2026-11-16")
			for _, interval := range []string{"1m", "5m", "1h"} {
				r := get(t, p, c[0], interval, now.AddDate(0, 0, -4), now)
				i := r.index(at(t, c[1]).Unix())
				if i < 1 || !flat(r, i) || r.volume(t, i) != 0 {
					t.Errorf("%s %s at %s: row %d is no flat row at the close", c[0], interval, when, i)
				}
				if j := r.index(at(t, c[1]).AddDate(0, 0, -3).Unix()); j >= 0 && !r.null(j) {
					t.Errorf("%s %s: Friday has one, too", c[0], interval)
				}
			}
		}
	}
}

// TestPricesThatCannotBe: one price of one bar in eight, the others stay.
func TestPricesThatCannotBe(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	from := at(t, "2026-11-02 00:00")
	for fault, value := range map[string]float64{"price=0": 0, "price=-5": -5, "price=1e308": 1e308, "price=-5,2026-11-09..2026-11-13": -5} {
		for _, interval := range []string{"5m", "1d"} {
			p := provider(t, now)
			calm := get(t, p, "AAPL", interval, from, now)
			inject(t, p, fault+"@AAPL")
			got := get(t, p, "AAPL", interval, from, now)
			hits := map[string]int{}
			for i, ts := range calm.ts {
				changed := 0
				for _, name := range []string{"open", "high", "low", "close"} {
					if *got.column[name][i] != *calm.column[name][i] {
						changed++
						hits[name]++
						if *got.column[name][i] != value {
							t.Errorf("%s of %s is %v, want %v", name, stamp(ts), *got.column[name][i], value)
						}
						if dated := strings.Contains(fault, ","); dated && (ts < at(t, "2026-11-09 00:00").Unix() || ts > at(t, "2026-11-14 00:00").Unix()) {
							t.Errorf("%s is hit", stamp(ts))
						}
					}
				}
				if changed > 1 {
					t.Errorf("%s has %d other prices", stamp(ts), changed)
				}
			}
			if interval == "5m" && len(hits) != 4 || interval == "1d" && !strings.Contains(fault, ",") && len(hits) == 0 {
				t.Errorf("%s %s: hits %v", fault, interval, hits)
			}
		}
	}
}

// TestNoiseInTheLastDigits: each answer has other last digits, and all of them are the same prices.
func TestNoiseInTheLastDigits(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 18:00")
	from := at(t, "2026-11-02 00:00")
	p := provider(t, now)
	calm := get(t, p, "AAPL", "5m", from, now)
	inject(t, p, "noise")
	var answers []rows
	for range 3 {
		answers = append(answers, get(t, p, "AAPL", "5m", from, now))
	}
	for i, a := range answers {
		other, differ := answers[(i+1)%3], 0
		for j := range a.ts {
			for _, name := range []string{"open", "high", "low", "close"} {
				x, y := *a.column[name][j], *other.column[name][j]
				if x != y {
					differ++
				}
				if math.Abs(x-y) >= 1e-6*min(x, y) || !market.SamePrice(x, y) || !market.SamePrice(x, *calm.column[name][j]) {
					t.Fatalf("%s of %s is %v and %v", name, stamp(a.ts[j]), x, y)
				}
			}
			if a.volume(t, j) != calm.volume(t, j) {
				t.Fatal("volumes have noise")
			}
		}
		if differ < 3*len(a.ts) {
			t.Errorf("%d prices of %d differ", differ, 4*len(a.ts))
		}
		if n := len(a.ts) - 1; !flat(a, n) {
			t.Error("the live row is not flat")
		}
	}
}
