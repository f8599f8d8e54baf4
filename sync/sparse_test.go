package syncer_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// thinned is a provider whose answers may have the rows of an interval that is several times as long as the one asked for.
type thinned struct {
	t         *testing.T
	b         *bench
	now       time.Time
	name      string
	timeframe market.Timeframe
	times     int                                       // how many times as long; 1 for what was asked for
	only      func(market.FetchRequest, int) bool       // the answers that are; nil for all
	drop      func(market.FetchRequest, time.Time) bool // rows that are withdrawn
	listing   market.Listing
}

func newThinned(t *testing.T, name string, timeframe market.Timeframe, times int) *thinned {
	t.Helper()
	p := &thinned{t: t, now: at(t, importTime), name: name, timeframe: timeframe, times: times}
	p.b = newBench(t, func() time.Time { return p.now })
	p.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		result := p.b.provider.serve(r)
		result.Listing = p.listing
		for i, ts := range result.Candles.TS {
			v := 100 + float64(ts/60%97)/100
			bar := market.Candle{Open: v, High: v + 0.5, Low: v - 0.5, Close: v + 0.1}
			result.Candles.Open[i], result.Candles.High[i], result.Candles.Low[i], result.Candles.Close[i] = bar.Open, bar.High, bar.Low, bar.Close
		}
		if p.times > 1 && r.Timeframe == p.timeframe && (p.only == nil || p.only(r, n)) {
			length := time.Duration(p.times) * r.Timeframe.Length()
			result.Candles = longer(result.Candles, r.Instrument, length)
			result.Sparse = fmt.Sprintf("rows lie %s apart", length)
		}
		if p.drop != nil {
			kept := market.NewCandles(0)
			for i := range result.Candles.Len() {
				if bar := result.Candles.At(i); !p.drop(r, bar.Start) {
					kept.Append(bar)
				}
			}
			result.Candles = kept
		}
		return result, nil
	}
	return p
}

// longer folds bars to those of a longer length, counted from the open of their session.
func longer(bars *market.Candles, i market.Instrument, length time.Duration) *market.Candles {
	folded := market.NewCandles(0)
	for n := range bars.Len() {
		bar, last := bars.At(n), folded.Len()-1
		session, _ := i.Calendar.SessionAt(bar.Start)
		start := session.Open.Add(bar.Start.Sub(session.Open).Truncate(length))
		switch {
		case start.Equal(bar.Start):
			folded.Append(bar)
		case last >= 0 && folded.TS[last] == start.Unix():
			folded.High[last], folded.Low[last] = max(folded.High[last], bar.High), min(folded.Low[last], bar.Low)
			folded.Close[last], folded.Volume[last] = bar.Close, folded.Volume[last]+bar.Volume
		}
	}
	return folded
}

// sync runs once, on a day at the time of the import.
func (p *thinned) sync(day string, change func(*syncer.Request)) syncer.Report {
	p.t.Helper()
	p.now = at(p.t, day+"T14:05:00-07:00")
	request := syncer.Request{Instruments: resolve(p.t, p.name), Timeframes: []market.Timeframe{p.timeframe}}
	for _, derived := range []market.Timeframe{market.M3, market.M30, market.H4} {
		if base, _ := p.b.config.Capabilities.Base(derived); base == p.timeframe {
			request.Timeframes = append(request.Timeframes, derived)
		}
	}
	if change != nil {
		change(&request)
	}
	return p.b.run(p.t, p.t.Context(), request)
}

// stored is a copy of all bars.
func (p *thinned) stored() map[market.Series]map[int64]market.Candle {
	all := map[market.Series]map[int64]market.Candle{}
	for series, bars := range p.b.archive.bars {
		all[series] = maps.Clone(bars)
	}
	return all
}

func sameBars(a, b map[market.Series]map[int64]market.Candle) bool {
	return maps.EqualFunc(a, b, func(a, b map[int64]market.Candle) bool { return maps.Equal(a, b) })
}

// done fails the test unless a run stored all series, with or without a word of their rows.
func (p *thinned) done(what string, report syncer.Report, says string) {
	p.t.Helper()
	for _, c := range report.Cells {
		if !c.State.Answered() || says == "" && strings.Contains(c.Reason, "apart") || !strings.Contains(c.Reason, says) ||
			strings.Count(c.Reason, "apart") > 1 {
			p.t.Errorf("%s: %s %s is %s: %s; want it stored, and %q", what, c.Instrument, c.Timeframe, c.State, c.Reason, says)
		}
	}
}

// refused fails the test unless a run stored nothing, since the answer is of another interval, and told nobody to accept it.
func (p *thinned) refused(what string, report syncer.Report, before map[market.Series]map[int64]market.Candle) {
	p.t.Helper()
	says := fmt.Sprintf("answer for something else: asked for %s %s, but rows lie ", p.name, p.timeframe)
	if len(report.Cells) == 0 || report.Run.State != ledger.StateFailed {
		p.t.Errorf("%s: %d cells, the run is %s", what, len(report.Cells), report.Run.State)
	}
	for _, c := range report.Cells {
		if c.State != ledger.CellFailed || !strings.Contains(c.Reason, says) || p.b.archive.cells[c.Instrument+" "+c.Timeframe] != c {
			p.t.Errorf("%s: %s %s is %s: %s", what, c.Instrument, c.Timeframe, c.State, c.Reason)
		}
	}
	if !sameBars(before, p.b.archive.bars) {
		p.t.Errorf("%s: stored bars changed", what)
	}
	if len(p.b.archive.truth.held) != 0 {
		p.t.Errorf("%s: %v is held back for people", what, p.b.archive.truth.held)
	}
}

func backfill(r *syncer.Request)    { r.Backfill = true }
func maintenance(r *syncer.Request) { r.Maintenance = true }
func deep(r *syncer.Request)        { r.Deep = true }

// each runs a test for intervals of which an answer may have rows that are some times as long.
func each(t *testing.T, test func(t *testing.T, p *thinned)) {
	t.Helper()
	for _, c := range []struct {
		name      string
		timeframe market.Timeframe
		times     []int
	}{
		{"ES", market.M1, []int{2, 5}},
		{"ES", market.M2, []int{2, 9}},
		{"ES", market.M5, []int{2, 3, 6, 9}},
		{"ES", market.M15, []int{2, 4, 6}},
		{"ES", market.H1, []int{2, 4, 9}},
		{"AAPL", market.M5, []int{2, 3, 9}},
		{"AAPL", market.M15, []int{2, 4}},
		{"AAPL", market.H1, []int{2, 3}},
		{"BTC-USD", market.M5, []int{3}},
		{"BTC-USD", market.H1, []int{2, 9}},
	} {
		for _, times := range c.times {
			t.Run(fmt.Sprintf("%s %s times %d", c.name, c.timeframe, times), func(t *testing.T) {
				t.Parallel()
				test(t, newThinned(t, c.name, c.timeframe, times))
			})
		}
	}
}

// TestWhatIsAlwaysSparseIsStored: the first time and ever after, and the evidence says how the rows lie.
func TestWhatIsAlwaysSparseIsStored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *thinned) {
		says := fmt.Sprintf("rows lie %s apart", time.Duration(p.times)*p.timeframe.Length())
		for _, run := range []struct {
			day    string
			change func(*syncer.Request)
		}{
			{"2026-08-17", nil}, {"2026-08-18", nil}, {"2026-08-19", backfill}, {"2026-08-20", maintenance}, {"2026-08-21", deep}, {"2026-09-02", nil},
		} {
			p.done(run.day, p.sync(run.day, run.change), says)
		}
		if n := len(p.b.archive.bars[market.Series{Instrument: p.name, Timeframe: p.timeframe}]); n < 20 {
			t.Errorf("%d bars are stored", n)
		}
	})
}

// TestRowsOfALongerIntervalChangeNothing where real bars are stored, whatever was asked for; the next right answer goes on, as if
// there had been none such.
func TestRowsOfALongerIntervalChangeNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*syncer.Request){
		"update": nil, "backfill": backfill, "maintenance": maintenance, "deep": deep,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, p *thinned) {
				times := p.times
				p.times = 1
				p.done("first", p.sync("2026-08-18", nil), "")
				p.times = times
				before := p.stored()
				p.refused("then", p.sync("2026-08-19", change), before)
				p.refused("once more", p.sync("2026-08-20", change), before)
				p.times = 1
				p.done("then right", p.sync("2026-08-20", change), "")
				calm := newThinned(t, p.name, p.timeframe, 1)
				calm.sync("2026-08-18", nil)
				calm.sync("2026-08-20", change)
				if !sameBars(p.b.archive.bars, calm.b.archive.bars) {
					t.Error("the archive is not what it would be without those answers")
				}
			})
		})
	}
}

// TestASparseArchiveMayBecomeDense, and is judged day by day from then on.
func TestASparseArchiveMayBecomeDense(t *testing.T) {
	t.Parallel()
	p := newThinned(t, "ES", market.M5, 3)
	p.done("sparse", p.sync("2026-08-12", nil), "15m")
	p.times = 1
	p.done("dense", p.sync("2026-08-13", nil), "")
	p.done("dense", p.sync("2026-08-14", nil), "")
	p.times = 3
	before := p.stored()
	p.refused("sparse again", p.sync("2026-08-17", nil), before)
	p.refused("sparse again, all of it", p.sync("2026-08-17", backfill), before)
	p.times = 1
	p.done("dense, all of it", p.sync("2026-08-17", backfill), "")
}

// TestAfterAGap an answer has no bar in common with its series: how close those before it lie decides.
func TestAfterAGap(t *testing.T) {
	t.Parallel()
	for _, was := range []int{1, 2} {
		p := newThinned(t, "ES", market.M1, was)
		p.sync("2026-07-01", nil)
		p.times = 2
		before := p.stored()
		if report := p.sync("2026-08-19", nil); was == 2 {
			p.done("sparse before", report, "2m0s")
		} else {
			p.refused("dense before", report, before)
		}
	}
}

// TestPartsOfAnAnswer are held against each other where nothing is stored yet: one that is mixed up is stored no more than the
// others.
func TestPartsOfAnAnswer(t *testing.T) {
	t.Parallel()
	for part := range 3 {
		p := newThinned(t, "ES", market.M1, 2)
		p.only = func(_ market.FetchRequest, n int) bool { return n == part }
		p.refused(fmt.Sprint("part ", part), p.sync("2026-08-19", deep), nil)
		p.only = func(_ market.FetchRequest, n int) bool { return n == 5+part+1 } // the first attempt sent five
		if n := len(p.b.provider.asked); n != 5 {
			t.Fatalf("%d parts were asked for", n)
		}
		p.times = 1
		p.done("then right", p.sync("2026-08-19", deep), "")
	}
}

// TestWithdrawnRowsAreNoContradiction: of a sparse series the provider may take back sessions, parts of them, and the prices of
// rows.
func TestWithdrawnRowsAreNoContradiction(t *testing.T) {
	t.Parallel()
	for name, drop := range map[string]func(t time.Time) bool{
		"two sessions": func(t time.Time) bool { return t.Day() == 17 || t.Day() == 18 },
		"afternoons":   func(t time.Time) bool { return t.Hour() >= 16 },
	} {
		p := newThinned(t, "ES", market.M5, 3)
		p.sync("2026-08-18", nil)
		p.drop = func(_ market.FetchRequest, start time.Time) bool { return drop(start) }
		p.done(name, p.sync("2026-08-19", nil), "15m")
	}
}

// TestRowsWithoutPricesAreRows: what the archive has at their starts is not between the rows.
func TestRowsWithoutPricesAreRows(t *testing.T) {
	t.Parallel()
	p := newThinned(t, "ES", market.M5, 3)
	p.sync("2026-08-18", nil)
	script := p.b.provider.script
	p.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		result, err := script(r, n)
		kept := market.NewCandles(0)
		for i := range result.Candles.Len() {
			if i%2 == 0 {
				kept.Append(result.Candles.At(i))
			} else {
				result.NullBars = append(result.NullBars, result.Candles.TS[i])
			}
		}
		result.Candles = kept
		return result, err
	}
	p.done("every other row null", p.sync("2026-08-19", nil), "15m")
}

// TestASparseListing: another listing is a matter for people first, and its bars are not held against those of the one before.
func TestASparseListing(t *testing.T) {
	t.Parallel()
	p := newThinned(t, "AAPL", market.M5, 1)
	p.listing = market.Listing{Symbol: "AAPL", Type: "EQUITY", Currency: "USD", Zone: "America/New_York"}
	p.sync("2026-08-18", nil)
	p.times, p.listing.Type = 3, "ETF"
	for _, c := range p.sync("2026-08-19", nil).Cells {
		if c.State != ledger.CellHeld {
			t.Errorf("%s is %s: %s", c.Timeframe, c.State, c.Reason)
		}
	}
	from := market.Action{Time: at(t, "2026-08-19T13:30:00Z")}.Date(resolve(t, "AAPL")[0].Calendar)
	p.b.archive.truth.from["AAPL"] = store.Accepted{Listing: p.listing, From: from}
	p.done("accepted", p.sync("2026-08-19", nil), "15m")
	bars := p.b.archive.bars[market.Series{Instrument: "AAPL", Timeframe: market.M5}]
	last := slices.Max(slices.Collect(maps.Keys(bars)))
	if !bars[last].Start.After(at(t, "2026-08-19T13:30:00Z")) {
		t.Errorf("nothing is stored of the new listing")
	}
}

// TestASparseSeriesOnAnotherGrid is as sparse as before.
func TestASparseSeriesOnAnotherGrid(t *testing.T) {
	t.Parallel()
	p := newThinned(t, "ES", market.M5, 3)
	p.sync("2026-08-18", nil)
	script := p.b.provider.script
	p.b.provider.script = func(r market.FetchRequest, n int) (*market.FetchResult, error) {
		result, err := script(r, n)
		for i := range result.Candles.TS {
			result.Candles.TS[i] += 300
		}
		return result, err
	}
	p.done("five minutes later", p.sync("2026-08-19", nil), "15m")
}

// TestAFewBarsBetweenAreNoContradiction, nor are the newest ones, which may be withdrawn yet.
func TestAFewBarsBetweenAreNoContradiction(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settled, newest int // bars between the rows
		refused         bool
	}{
		"four": {4, 0, false}, "seven": {7, 0, true}, "two, and five of the newest": {2, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newThinned(t, "ES", market.M5, 9)
			p.sync("2026-08-18", nil)
			bars := p.b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.M5}]
			rows := slices.Sorted(maps.Keys(bars))
			for _, ts := range rows[:len(rows)-10] {
				delete(bars, ts)
			}
			rows = rows[len(rows)-10:]
			plant := func(after int64, n int) {
				for i := range n {
					bar := bars[after]
					bar.Start = bar.Start.Add(time.Duration(i+1) * 5 * time.Minute)
					bars[bar.Start.Unix()] = bar
				}
			}
			plant(rows[2], c.settled)
			if c.newest > 0 {
				delete(bars, rows[9])
				plant(rows[8], c.newest)
			}
			before := p.stored()
			if report := p.sync("2026-08-19", nil); c.refused {
				p.refused(name, report, before)
			} else {
				p.done(name, report, "45m")
			}
		})
	}
}
