package syncer_test

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// exchange is a provider of AAPL whose bars are known on every scale: a walk around 100 that ends on the newest one. What it
// does to the scale of an answer is said for each timeframe.
type exchange struct {
	t       *testing.T
	b       *bench
	now     time.Time
	splits  []market.Action
	since   map[string]time.Time // when the rows of "1h" switched to a split, or "1h events" tell of it; by default when it takes effect
	unit    map[market.Timeframe]string
	listing market.Listing
	wrong   map[market.Timeframe]float64 // what rows are multiplied by that nothing explains
}

func newExchange(t *testing.T, day string, splits ...market.Action) *exchange {
	t.Helper()
	e := &exchange{
		t: t, now: at(t, day+"T21:05:00Z"), splits: splits, since: map[string]time.Time{}, unit: map[market.Timeframe]string{},
		wrong: map[market.Timeframe]float64{},
		listing: market.Listing{
			Symbol: "AAPL", Type: "EQUITY", Currency: "USD", Exchange: "NMS", Zone: "America/New_York", FirstTrade: at(t, "1980-12-12T14:30:00Z"),
		},
	}
	e.b = newBench(t, func() time.Time { return e.now })
	e.b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) { return e.answer(r), nil }
	return e
}

var pounds = market.Factor{Price: market.Ratio{Num: 1, Den: 100}}

func split(t *testing.T, numerator, denominator float64, day string) market.Action {
	t.Helper()
	return market.Action{
		Kind: market.ActionSplit, Time: at(t, day+"T13:30:00Z"), Numerator: numerator, Denominator: denominator,
	}
}

// truth is a bar on the scale of all splits that are in effect and the unit of the currency.
func (e *exchange) truth(tf market.Timeframe, start time.Time) market.Candle {
	v := 100 + 10*math.Sin(float64(start.Unix())/4e5) + float64(start.Unix()/3600%7)/10
	bar := market.Candle{Start: start.UTC(), Open: v, High: v + 1, Low: v - 1, Close: v + 0.5, Volume: 84_000 + start.Unix()/3600%77*840}
	return bar
}

// answer serves what is closed.
func (e *exchange) answer(r market.FetchRequest) *market.FetchResult {
	result := e.b.provider.serve(r)
	bars := result.Candles
	for i := range bars.Len() {
		bar := e.truth(r.Timeframe, bars.At(i).Start)
		// The truth is that of the newest scale; an earlier one is what the splits undo.
		for _, s := range e.splits {
			switched := e.moment(string(r.Timeframe), s)
			if s.Time.After(e.now) || bar.Start.Before(s.Cutoff(r.Instrument.Calendar)) && e.now.Before(switched) {
				bar = market.SplitFactor(s).Inverse().Apply(bar)
			}
		}
		if e.unit[r.Timeframe] == "GBP" {
			bar = pounds.Apply(bar)
		}
		if k := e.wrong[r.Timeframe]; k != 0 {
			bar.Open, bar.High, bar.Low, bar.Close = bar.Open*k, bar.High*k, bar.Low*k, bar.Close*k
		}
		bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i], bars.Volume[i] = bar.Open, bar.High, bar.Low, bar.Close, bar.Volume
	}
	for _, s := range e.splits {
		if !e.now.Before(e.moment(string(r.Timeframe)+" events", s)) && r.Window.Contains(s.Time) {
			result.Actions = append(result.Actions, s)
		}
	}
	result.Listing = e.listing
	if unit := e.unit[r.Timeframe]; unit != "" {
		result.Listing.Currency = unit
	}
	return result
}

func (e *exchange) moment(what string, s market.Action) time.Time {
	if at, ok := e.since[what]; ok {
		return at
	}
	return s.Time
}

// sync runs one import at a time of a day.
func (e *exchange) sync(day string, timeframes ...market.Timeframe) syncer.Report {
	e.t.Helper()
	e.now = at(e.t, day+"T21:05:00Z")
	before := map[market.Series]map[int64]bool{}
	for series, bars := range e.b.archive.bars {
		before[series] = map[int64]bool{}
		for ts := range bars {
			before[series][ts] = true
		}
	}
	report := e.b.run(e.t, e.t.Context(), syncer.Request{Instruments: resolve(e.t, "AAPL"), Timeframes: timeframes})
	for series, bars := range e.b.archive.bars {
		for ts := range bars {
			if !before[series][ts] {
				e.b.archive.truth.arrived[series] = append(e.b.archive.truth.arrived[series], store.Arrival{First: ts, Last: ts, At: e.now})
			}
		}
	}
	return report
}

// check compares every stored bar with the truth on one scale, and what derives with what its base gives.
func (e *exchange) check(what string, scale market.Factor) {
	e.t.Helper()
	for series, bars := range e.b.archive.bars {
		if base, _ := e.b.config.Capabilities.Base(series.Timeframe); base != series.Timeframe {
			continue
		}
		wrong := 0
		for ts, bar := range bars {
			want := scale.Apply(e.truth(series.Timeframe, time.Unix(ts, 0)))
			if !market.SamePrice(bar.Close, want.Close) || !market.SamePrice(bar.High, want.High) || bar.Volume != want.Volume {
				if wrong++; wrong == 1 {
					e.t.Errorf("%s: %s: %v, want %v", what, series, bar, want)
				}
			}
		}
		if wrong > 0 || len(bars) == 0 {
			e.t.Errorf("%s: %d of %d bars of %s are wrong", what, wrong, len(bars), series)
		}
	}
	e.derived(what)
}

func (e *exchange) derived(what string) {
	e.t.Helper()
	for series, bars := range e.b.archive.bars {
		base, _ := e.b.config.Capabilities.Base(series.Timeframe)
		if base == series.Timeframe {
			continue
		}
		all := pick(e.b.archive.bars[market.Series{Instrument: series.Instrument, Timeframe: base}], allTime())
		folded := market.Resample(all, base, series.Timeframe, resolve(e.t, series.Instrument)[0].Calendar, e.now)
		for i := range folded.Len() {
			if got := bars[folded.TS[i]]; got != folded.At(i) {
				e.t.Errorf("%s: %s: %v, the base gives %v", what, series, got, folded.At(i))
				return
			}
		}
	}
}

func allTime() market.Window {
	return market.Window{From: time.Unix(market.FirstTS, 0), To: time.Unix(market.LastTS, 0)}
}

// old is the scale before a split, seen from after it.
func old(s market.Action) market.Factor { return market.SplitFactor(s).Inverse() }

var kept = []market.Timeframe{market.M5, market.M15, market.M30, market.H1, market.H4, market.D1, market.W1, market.Mo1}

// TestASplitRestatesAllSeries: the archive follows the provider to the new scale, also where an interval is late, tells
// nothing, or is beyond the provider's window.
func TestASplitRestatesAllSeries(t *testing.T) {
	t.Parallel()
	ratios := [][2]float64{{4, 1}, {3, 2}, {1, 10}, {21, 20}}
	late := map[string]map[string]string{
		"at once":              {},
		"5m a day late":        {"5m": "2026-06-16T20:00:00Z", "5m events": "2026-06-16T20:00:00Z"},
		"5m tells and is late": {"5m": "2026-06-17T20:00:00Z"},
		"only 1d tells": {
			"5m events": "2027-01-01T00:00:00Z", "15m events": "2027-01-01T00:00:00Z", "1h events": "2027-01-01T00:00:00Z",
		},
		"1d is late": {"1d": "2026-06-16T20:00:00Z", "1d events": "2026-06-16T20:00:00Z"},
		"1d tells and is late, intraday tells nothing": {
			"1d": "2026-06-17T20:00:00Z", "5m events": "2027-01-01T00:00:00Z", "15m events": "2027-01-01T00:00:00Z",
			"1h events": "2027-01-01T00:00:00Z",
		},
	}
	for k, ratio := range ratios {
		for name, since := range late {
			if k > 0 && name != "at once" && name != "1d is late" { // the others are as with 4:1
				continue
			}
			t.Run(fmt.Sprintf("%g:%g %s", ratio[0], ratio[1], name), func(t *testing.T) {
				t.Parallel()
				s := split(t, ratio[0], ratio[1], "2026-06-15")
				e := newExchange(t, "2026-03-20", s)
				for what, moment := range since {
					e.since[what] = at(t, moment)
				}
				for _, day := range []string{"2026-03-20", "2026-05-08", "2026-06-12"} {
					e.sync(day, kept...)
				}
				e.check("before", old(s))
				for _, day := range []string{"2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"} {
					report := e.sync(day, kept...)
					e.check(day, market.Factor{})
					for _, c := range report.Cells {
						if c.State != ledger.CellStored {
							t.Errorf("%s: %s %s is %s: %s", day, c.Instrument, c.Timeframe, c.State, c.Reason)
						}
					}
				}
			})
		}
	}
}

// TestASplitInAGap: the worker was down for months, and no answer overlaps what is stored.
func TestASplitInAGap(t *testing.T) {
	t.Parallel()
	for name, timeframes := range map[string][]market.Timeframe{
		"with days": kept, "5m alone": {market.M5, market.M30}, "1m and 1h": {market.M1, market.H1, market.H4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := split(t, 4, 1, "2026-04-15")
			e := newExchange(t, "2026-01-20", s)
			e.sync("2026-01-20", timeframes...)
			e.sync("2026-01-21", timeframes...)
			e.check("before", old(s))
			report := e.sync("2026-07-20", timeframes...)
			e.check("after", market.Factor{})
			if report.Run.State != ledger.StateDone {
				t.Errorf("the run is %s: %s", report.Run.State, report.Run.Reason)
			}
		})
	}
}

// TestTwoSplitsInAWeek and others that come together.
func TestTwoSplitsInAWeek(t *testing.T) {
	t.Parallel()
	first, second := split(t, 2, 1, "2026-06-15"), split(t, 1, 5, "2026-06-18")
	e := newExchange(t, "2026-06-12", first, second)
	for _, day := range []string{"2026-06-12", "2026-06-15", "2026-06-16", "2026-06-18", "2026-06-19"} {
		e.sync(day, kept...)
		switch {
		case day < "2026-06-15":
			e.check(day, old(first).Times(old(second)))
		case day < "2026-06-18":
			e.check(day, old(second))
		default:
			e.check(day, market.Factor{})
		}
	}
}

// TestAScaleThatNothingExplains is held back, told and stored nowhere; the next right answer goes on.
func TestAScaleThatNothingExplains(t *testing.T) {
	t.Parallel()
	for _, k := range []float64{4, 0.01, 1.1, 0.98} {
		e := newExchange(t, "2026-06-12")
		e.sync("2026-06-12", market.H1, market.H4, market.D1)
		e.wrong[market.H1] = k
		report := e.sync("2026-06-15", market.H1, market.H4, market.D1)
		for _, c := range report.Cells {
			held := c.State == ledger.CellHeld && strings.Contains(c.Reason, "held back: ") && strings.Contains(c.Reason, "barkeep accept AAPL")
			if held != (c.Timeframe != "1d") {
				t.Errorf("times %g: %s is %s: %s", k, c.Timeframe, c.State, c.Reason)
			}
		}
		if n := len(e.b.archive.truth.held); n != 1 {
			t.Errorf("times %g: %d answers are noted as held back", k, n)
		}
		e.check(fmt.Sprint("times ", k), market.Factor{})
		e.wrong = map[market.Timeframe]float64{}
		e.sync("2026-06-16", market.H1, market.H4, market.D1)
		e.check("then", market.Factor{})
		if n := len(e.b.archive.truth.held); n != 0 {
			t.Errorf("times %g: %d answers are held back after a good one", k, n)
		}
	}
}

// TestAnotherInstrumentUnderTheSameSymbol is held back, whatever of it differs.
func TestAnotherInstrumentUnderTheSameSymbol(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*market.Listing){
		"type":        func(l *market.Listing) { l.Type = "ETF" },
		"currency":    func(l *market.Listing) { l.Currency = "EUR" },
		"first trade": func(l *market.Listing) { l.FirstTrade = at(t, "2026-06-01T13:30:00Z") },
	} {
		e := newExchange(t, "2026-06-12")
		e.sync("2026-06-12", market.D1, market.W1)
		was := e.listing
		change(&e.listing)
		report := e.sync("2026-06-15", market.D1, market.W1)
		for _, c := range report.Cells {
			if c.State != ledger.CellHeld || !strings.Contains(c.Reason, name) {
				t.Errorf("%s: %s is %s: %s", name, c.Timeframe, c.State, c.Reason)
			}
		}
		if n := len(e.b.archive.bars[market.Series{Instrument: "AAPL", Timeframe: market.D1}]); n == 0 || e.b.archive.from("AAPL") != was {
			t.Errorf("%s: %d bars, listing %v", name, n, e.b.archive.from("AAPL"))
		}
	}
}

func (m *memory) from(instrument string) market.Listing { return m.truth.from[instrument].Listing }

// TestPenceAndPounds: the archive follows the provider to the other unit and back, interval by interval.
func TestPenceAndPounds(t *testing.T) {
	t.Parallel()
	e := newExchange(t, "2026-06-10")
	e.listing.Currency = "GBp"
	timeframes := []market.Timeframe{market.M15, market.H1, market.H4, market.D1, market.W1}
	quote := func(unit string, some ...market.Timeframe) {
		for _, timeframe := range some {
			e.unit[timeframe] = unit
		}
	}
	quote("GBp", timeframes...)
	for _, day := range []struct {
		date  string
		unit  string
		some  []market.Timeframe
		scale market.Factor
	}{
		{"2026-06-10", "GBp", nil, market.Factor{}},
		{"2026-06-11", "GBP", []market.Timeframe{market.D1}, pounds}, // the others are late
		{"2026-06-12", "GBP", nil, pounds},
		{"2026-06-15", "GBP", []market.Timeframe{market.M15, market.H1}, pounds},
		{"2026-06-16", "GBp", []market.Timeframe{market.M15}, market.Factor{}}, // and back
		{"2026-06-17", "GBp", []market.Timeframe{market.H1, market.D1}, market.Factor{}},
		{"2026-06-18", "GBp", nil, market.Factor{}},
	} {
		quote(day.unit, day.some...)
		for _, c := range e.sync(day.date, timeframes...).Cells {
			if c.State != ledger.CellStored {
				t.Errorf("%s: %s is %s: %s", day.date, c.Timeframe, c.State, c.Reason)
			}
		}
		e.check(day.date, day.scale)
	}
	if got := e.b.archive.from("AAPL").Currency; got != "GBp" {
		t.Errorf("the archive is kept in %s", got)
	}
}

// TestAChangeOfUnitIsOfItsListing: bars from before another listing was accepted stay in the unit that they had.
func TestAChangeOfUnitIsOfItsListing(t *testing.T) {
	t.Parallel()
	e := newExchange(t, "2026-06-10")
	e.listing.Currency, e.unit[market.D1] = "GBp", "GBp"
	e.sync("2026-06-10", market.D1)
	accepted := e.b.archive.truth.from["AAPL"]
	accepted.From = date("2026-06-08")
	e.b.archive.truth.from["AAPL"] = accepted
	series := market.Series{Instrument: "AAPL", Timeframe: market.D1}
	before := maps.Clone(e.b.archive.bars[series])
	e.unit[market.D1] = "GBP"
	e.sync("2026-06-11", market.D1)
	old := 0
	for ts, was := range before {
		is, own := e.b.archive.bars[series][ts], !time.Unix(ts, 0).Before(at(t, "2026-06-08T04:00:00Z"))
		if own == (is.Open == was.Open) {
			t.Errorf("the bar of %s opened at %v, and opens at %v", was.Start, was.Open, is.Open)
		}
		if !own {
			old++
		}
	}
	if old < 100 || old == len(before) {
		t.Errorf("%d of %d bars are of the listing before", old, len(before))
	}
}

// TestAUnitThatIsNamedWrongly: the provider names pounds and goes on to give pence, or gives pounds and goes on to name pence.
func TestAUnitThatIsNamedWrongly(t *testing.T) {
	t.Parallel()
	e := newExchange(t, "2026-06-10")
	e.listing.Currency = "GBp"
	e.sync("2026-06-10", market.H1, market.D1)
	e.listing.Currency = "GBP"
	e.sync("2026-06-11", market.H1, market.D1)
	e.check("named pounds", market.Factor{})
	e.listing.Currency = "GBp"
	e.wrong[market.H1] = 0.01
	e.sync("2026-06-12", market.H1, market.D1)
	e.check("named pence", market.Factor{})
}
