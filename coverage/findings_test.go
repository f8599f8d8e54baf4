package coverage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
	"barkeep/yahoo"
)

// exchangeWorld is an archive whose bars are those of the true calendar, which the one that they are kept by may not be.
type exchangeWorld struct {
	t      *testing.T
	window market.Window
	bars   map[market.Series]*market.Candles
	kept   []coverage.Kept
	most   time.Duration // longest window of intraday bars that was read at once
}

func (w *exchangeWorld) Candles(_ context.Context, s market.Series, window market.Window) (*market.Candles, error) {
	if s.Timeframe.Intraday() {
		w.most = max(w.most, window.Length())
	}
	got := market.NewCandles(0)
	for i, ts := range w.bars[s].TS {
		if window.Contains(time.Unix(ts, 0)) {
			got.Append(w.bars[s].At(i))
		}
	}
	return got, nil
}

func newExchangeWorld(t *testing.T) *exchangeWorld {
	t.Helper()
	return &exchangeWorld{
		t: t, bars: map[market.Series]*market.Candles{},
		window: market.Window{From: time.Date(2025, 11, 3, 5, 0, 0, 0, time.UTC), To: time.Date(2026, 2, 28, 5, 0, 0, 0, time.UTC)},
	}
}

// keep stores what an exchange with these changes trades, but for bars that are left out.
func (w *exchangeWorld) keep(name string, timeframes []market.Timeframe, out func(start time.Time) bool, changes ...calendar.Change) {
	w.t.Helper()
	i, err := yahoo.Resolve(name)
	if err != nil {
		w.t.Fatal(err)
	}
	real, err := i.Calendar.With(changes)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, timeframe := range timeframes {
		s := market.Series{Instrument: i.Name, Timeframe: timeframe}
		bars := market.NewCandles(0)
		timeframe.Expected(real, w.window, func(start time.Time) bool {
			if out == nil || !out(start) {
				bars.Append(market.Candle{Start: start, Open: 1, High: 1, Low: 1, Close: 1})
			}
			return true
		})
		w.bars[s] = bars
		w.kept = append(w.kept, coverage.Kept{
			Instrument: i, Timeframe: timeframe, Habit: yahoo.Capabilities().HabitOf(i, timeframe),
			Ledger: market.Coverage{Series: s, From: w.window.From, Horizon: w.window.To},
			State: market.SeriesState{
				Series: s, Count: int64(bars.Len()), Oldest: bars.At(0).Start, Newest: bars.At(bars.Len() - 1).Start,
			},
		})
	}
}

// found is a finding in short.
func found(f store.Finding) string {
	text := fmt.Sprintf("%s: %s %s", f.Calendar, f.Kind, f.First)
	if f.Days > 1 {
		text += fmt.Sprintf(" to %s (%d)", f.Last, f.Days)
	}
	text += fmt.Sprintf(" in %d of %d, %d bars of %v", len(f.Instruments), f.Of, f.Bars, f.Timeframes)
	if f.Clock != 0 {
		text += " at " + calendar.WallOf(f.Clock)
	}
	return text
}

func (w *exchangeWorld) want(want ...string) {
	w.t.Helper()
	all, err := coverage.Findings(w.t.Context(), w, w.kept, yahoo.Capabilities())
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, found(f))
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("found\n%q, want\n%q", got, want)
	}
	if w.most > 34*24*time.Hour {
		w.t.Errorf("%s of intraday bars were read at once", w.most)
	}
}

func date(year int, month time.Month, day int) calendar.Date {
	return calendar.Date{Year: year, Month: month, Day: day}
}

func change(d calendar.Date, kind calendar.Kind, open, closes time.Duration) calendar.Change {
	return calendar.Change{Calendar: "XNYS", Date: d, Kind: kind, Open: open, Close: closes}
}

// TestFindingsOfAnExchange lets an exchange trade otherwise than its calendar says: all instruments together are one finding.
func TestFindingsOfAnExchange(t *testing.T) {
	t.Parallel()
	both := []market.Timeframe{market.M5, market.D1}
	half := 30 * time.Minute
	for name, tt := range map[string]struct {
		changes []calendar.Change
		want    []string
	}{
		"as the calendar says": {nil, nil},
		"it trades on a holiday": {
			[]calendar.Change{change(date(2026, 1, 19), calendar.Regular, 0, 0)},
			[]string{"XNYS: bars on closed dates 2026-01-19 in 3 of 3, 237 bars of [5m 1d]"},
		},
		"on a Saturday": {
			[]calendar.Change{change(date(2026, 1, 24), calendar.Special, 10*time.Hour, 12*time.Hour)},
			[]string{"XNYS: bars on closed dates 2026-01-24 in 3 of 3, 75 bars of [5m 1d]"},
		},
		"it is closed for two days": {
			[]calendar.Change{change(date(2026, 1, 8), calendar.Closed, 0, 0), change(date(2026, 1, 9), calendar.Closed, 0, 0)},
			[]string{"XNYS: no bars of whole sessions 2026-01-08 to 2026-01-09 (2) in 3 of 3, 474 bars of [5m 1d]"},
		},
		"it closes early": {
			[]calendar.Change{change(date(2026, 1, 8), calendar.Early, 0, 13*time.Hour)},
			[]string{"XNYS: no bars before the close 2026-01-08 in 3 of 3, 108 bars of [5m] at 13:00"},
		},
		"it opens late": {
			[]calendar.Change{change(date(2026, 1, 8), calendar.Late, 11*time.Hour+half, 0)},
			[]string{"XNYS: no bars after the open 2026-01-08 in 3 of 3, 72 bars of [5m] at 11:30"},
		},
		"two weeks an hour early": {
			func() (all []calendar.Change) {
				for d := date(2026, 2, 2); d != date(2026, 2, 14); d = d.AddDays(1) {
					if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
						all = append(all, change(d, calendar.Special, 8*time.Hour+half, 15*time.Hour))
					}
				}
				return all
			}(),
			[]string{
				"XNYS: bars before the open 2026-02-02 to 2026-02-13 (10) in 3 of 3, 360 bars of [5m] at 08:30",
				"XNYS: no bars before the close 2026-02-02 to 2026-02-13 (10) in 3 of 3, 360 bars of [5m] at 15:00",
			},
		},
		"far apart": {
			[]calendar.Change{change(date(2025, 11, 27), calendar.Regular, 0, 0), change(date(2026, 1, 19), calendar.Regular, 0, 0)},
			[]string{
				"XNYS: bars on closed dates 2025-11-27 in 3 of 3, 237 bars of [5m 1d]",
				"XNYS: bars on closed dates 2026-01-19 in 3 of 3, 237 bars of [5m 1d]",
			},
		},
		"later than usual": { // the bars at 16:00 are the closing minute, which is odd
			[]calendar.Change{change(date(2026, 1, 8), calendar.Special, 9*time.Hour+half, 17*time.Hour)},
			[]string{"XNYS: bars after the close 2026-01-08 in 3 of 3, 33 bars of [5m] at 17:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExchangeWorld(t)
			for _, name := range []string{"AAPL", "MSFT", "^GSPC"} {
				w.keep(name, both, nil, tt.changes...)
			}
			w.keep("VOD.L", both, nil)
			w.want(tt.want...)
		})
	}
}

// TestWhatIsNoFinding is of instruments that differ from one another, of thin ones, and of what the provider does by habit.
func TestWhatIsNoFinding(t *testing.T) {
	t.Parallel()
	day := func(d calendar.Date) func(time.Time) bool {
		return func(start time.Time) bool {
			ny, _ := time.LoadLocation("America/New_York")
			return calendar.DateOf(start.In(ny)) == d
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	m5, d1 := []market.Timeframe{market.M5}, []market.Timeframe{market.D1}
	hole := day(date(2026, 1, 8))
	for name, tt := range map[string]struct {
		keep func(w *exchangeWorld)
		want []string
	}{
		"one of three has a hole": {func(w *exchangeWorld) {
			w.keep("AAPL", m5, hole)
			w.keep("MSFT", m5, nil)
			w.keep("IBM", m5, nil)
		}, nil},
		"two of three lack a session": {func(w *exchangeWorld) {
			w.keep("AAPL", m5, hole)
			w.keep("MSFT", m5, hole)
			w.keep("IBM", m5, nil)
		}, nil},
		"one alone": {func(w *exchangeWorld) { w.keep("AAPL", d1, hole) }, []string{
			"XNYS: no bars of whole sessions 2026-01-08 in 1 of 1, 1 bars of [1d]",
		}},
		"one of two trades on a holiday": {func(w *exchangeWorld) {
			w.keep("AAPL", d1, nil, change(date(2026, 1, 19), calendar.Regular, 0, 0))
			w.keep("MSFT", d1, nil)
		}, nil},
		"the day's bar is there": {func(w *exchangeWorld) {
			for _, name := range []string{"AAPL", "MSFT"} {
				w.keep(name, m5, hole)
				w.keep(name, d1, nil)
			}
		}, nil},
		"thin ones": {func(w *exchangeWorld) {
			for _, name := range []string{"AAPL", "MSFT", "IBM"} {
				w.keep(name, m5, func(time.Time) bool { return rng.IntN(4) > 0 })
			}
		}, nil},
		"the newest day": {func(w *exchangeWorld) {
			for _, name := range []string{"AAPL", "MSFT"} {
				w.keep(name, m5, day(date(2026, 2, 27)))
			}
		}, nil},
		"holidays of futures": {func(w *exchangeWorld) {
			for _, name := range []string{"ES", "NQ", "YM"} {
				i, _ := yahoo.Resolve(name)
				w.keep(name, m5, func(start time.Time) bool {
					_, usual := yahoo.Capabilities().Habit(i, market.M5, start.Unix())
					return usual
				})
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExchangeWorld(t)
			tt.keep(w)
			w.want(tt.want...)
		})
	}
}

// TestSince keeps when a finding was first seen, also when it grew at either end.
func TestSince(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	one := func(kind store.FindingKind, from, to int) store.Finding {
		return store.Finding{Calendar: "XNYS", Kind: kind, First: date(2026, 1, from), Last: date(2026, 1, to)}
	}
	old := one(store.FindingTraded, 5, 9)
	old.Seen = at
	got := coverage.Since([]store.Finding{
		one(store.FindingTraded, 2, 5), one(store.FindingTraded, 9, 12), one(store.FindingTraded, 10, 12), one(store.FindingClosed, 5, 9),
	}, []store.Finding{old}, at.Add(time.Hour))
	var seen []time.Duration
	for _, f := range got {
		seen = append(seen, f.Seen.Sub(at))
		if !f.Holds.Equal(at.Add(time.Hour)) {
			t.Errorf("it holds at %s", f.Holds)
		}
	}
	if !reflect.DeepEqual(seen, []time.Duration{0, 0, time.Hour, time.Hour}) {
		t.Errorf("first seen after %v", seen)
	}
}
