package syncer_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// wantDerived checks promise P10 on an archive: each stored derived bar is what its base gives, each that the base gives and
// that is over is stored, and nothing else is. Derived series that nobody ever folded are left out.
func wantDerived(t interface {
	Helper()
	Errorf(format string, args ...any)
}, b *bench, i market.Instrument,
) {
	t.Helper()
	for _, timeframe := range market.Timeframes() {
		base, ok := yahoo.Capabilities().Base(timeframe)
		series := market.Series{Instrument: i.Name, Timeframe: timeframe}
		if !ok || base == timeframe || len(b.archive.bars[series]) == 0 {
			continue
		}
		bars := b.holds(market.Series{Instrument: i.Name, Timeframe: base})
		given, held := market.Resample(bars, base, timeframe, i.Calendar, market.FarFuture()), b.archive.bars[series]
		proved := base.End(i.Calendar, bars.At(bars.Len()-1).Start)
		found := 0
		for ts := range held { // what starts before the base does stays
			if ts < timeframe.Bucket(i.Calendar, bars.At(0).Start).Unix() {
				found++
			}
		}
		for k, ts := range given.TS {
			bar, stored := held[ts]
			switch {
			case !stored && !timeframe.End(i.Calendar, given.At(k).Start).After(proved):
				t.Errorf("%s lacks the bar of %s", series, given.At(k).Start)
			case stored && bar != given.At(k):
				t.Errorf("%s has %+v, its base gives %+v", series, bar, given.At(k))
			case stored:
				found++
			}
		}
		if found != len(held) {
			t.Errorf("%s has %d bars that its base does not give", series, len(held)-found)
		}
	}
}

// TestDerivedEqualTheirBaseWhateverHappened lives through random histories: any timeframes at a time, revised and new bars,
// other depths, an earlier release that writes the base alone or takes bars out of it, runs in the past of the archive, closed
// markets. After each run of a base, all that derives from it equals what it gives.
func TestDerivedEqualTheirBaseWhateverHappened(t *testing.T) {
	t.Parallel()
	families := [][]market.Timeframe{{market.H1, market.H2, market.H4, market.H12}, {market.D1, market.W1, market.Mo1}}
	changed, lagged, done := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		now := at(t, "2026-03-02T14:05:00-08:00")
		b := newBench(t, func() time.Time { return now })
		i := resolve(t, rapid.SampledFrom([]string{"AAPL", "ES", "BTC-USD"}).Draw(r, "instrument"))
		family := rapid.SampledFrom(families).Draw(r, "family")
		base := market.Series{Instrument: i[0].Name, Timeframe: family[0]}
		b.provider.script = func(request market.FetchRequest, _ int) (*market.FetchResult, error) {
			result := b.provider.serve(request)
			for k, ts := range result.Candles.TS {
				if b.archive.version[base]%2 == 1 && ts%7 == 3 { // the provider revised it
					result.Candles.High[k] += 50
				}
			}
			return result, nil
		}
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"run", "run", "earlier", "back"}).Draw(r, "what") {
			case "earlier":
				lagged += b.earlier(r, base)
				continue
			case "back":
				now = now.AddDate(0, 0, -rapid.IntRange(1, 30).Draw(r, "days"))
			default:
				now = now.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(r, "hours")) * time.Hour)
			}
			b.provider.price = float64(rapid.IntRange(0, 2).Draw(r, "price"))
			request := syncer.Request{
				Instruments: i, Timeframes: rapid.SliceOfNDistinct(rapid.SampledFrom(family), 1, -1, rapid.ID[market.Timeframe]).Draw(r, "timeframes"),
				Backfill: rapid.Bool().Draw(r, "backfill"), Deep: i[0].Name == "AAPL" && base.Timeframe == market.H1 && rapid.IntRange(0, 3).Draw(r, "deep") == 3,
			}
			report := b.run(t, t.Context(), request)
			if report.Run.State != ledger.StateDone { // an update in the past of the archive, to which nothing is served
				continue
			}
			done++
			for _, c := range report.Cells {
				changed += c.Changed
				if tf := market.Timeframe(c.Timeframe); tf != family[0] && !slices.Contains(request.Timeframes, tf) {
					r.Fatalf("%s %s was not selected and has a cell", c.Instrument, c.Timeframe)
				}
			}
			wantDerived(r, b, i[0])
			if r.Failed() {
				r.FailNow()
			}
		}
	})
	if changed == 0 || lagged == 0 || done < 50 {
		t.Errorf("%d bars were changed and %d written by an earlier release in %d runs: nothing was tried", changed, lagged, done)
	}
}

// earlier does what an earlier release did: it writes bars of the base, or takes them out, and leaves what derives from them.
func (b *bench) earlier(r *rapid.T, base market.Series) int {
	bars := b.archive.bars[base]
	if len(bars) < 100 {
		return 0
	}
	held := b.holds(base)
	from := rapid.IntRange(0, held.Len()-60).Draw(r, "bar")
	gone := rapid.IntRange(1, 4).Draw(r, "gone")
	for k := from; k < from+50; k++ {
		bar := held.At(k)
		if k%4 >= gone {
			delete(bars, held.TS[k])
			continue
		}
		bar.High += 1000
		bars[held.TS[k]] = bar
	}
	b.archive.version[base]++
	return 50
}

// TestALagIsMendedWhileTheMarketIsClosed, and by no request; the second run finds nothing to do.
func TestALagIsMendedWhileTheMarketIsClosed(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-08-21T14:05:00-07:00")
	b := newBench(t, func() time.Time { return now })
	i := resolve(t, "ES")
	request := syncer.Request{Instruments: i, Timeframes: []market.Timeframe{market.H1, market.H4}}
	b.run(t, t.Context(), request)
	now = at(t, "2026-08-22T14:05:00-07:00") // a Saturday
	base, four := market.Series{Instrument: "ES", Timeframe: market.H1}, market.Series{Instrument: "ES", Timeframe: market.H4}
	first := b.holds(base).TS[20]
	bar := b.archive.bars[base][first]
	bar.High += 1000
	b.archive.bars[base][first] = bar
	b.archive.version[base]++
	delete(b.archive.bars[four], b.holds(four).TS[30])

	for n, reason := range []syncer.Reason{syncer.ReasonLag, syncer.ReasonClosed} {
		report := b.run(t, t.Context(), request)
		if report.Plan.Tasks[0].Reason != reason || report.Requests != 0 || report.Run.State != ledger.StateDone {
			t.Fatalf("run %d: %s, %d requests, %s", n, report.Plan.Tasks[0].Reason, report.Requests, report.Run.State)
		}
		c := cell(t, report, "ES 4h")
		if c.State != ledger.CellClosed || (c.Inserted == 1 && c.Changed == 1) != (n == 0) {
			t.Errorf("run %d: %+v", n, c)
		}
		wantDerived(t, b, i[0])
	}

	request.Timeframes = append(request.Timeframes, market.H2)
	report := b.run(t, t.Context(), request)
	if n := len(b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.H2}]); n < 300 || report.Requests != 0 {
		t.Errorf("a new derived timeframe on a closed market has %d bars after %d requests", n, report.Requests)
	}
	wantDerived(t, b, i[0])
}

// TestWhatIsOlderThanItsBaseStays: the base was begun later, or lost its beginning; nothing says that the derived bars are wrong.
func TestWhatIsOlderThanItsBaseStays(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	i := resolve(t, "ES")
	request := syncer.Request{Instruments: i, Timeframes: []market.Timeframe{market.D1, market.W1}}
	weeks := market.Series{Instrument: "ES", Timeframe: market.W1}
	old := at(t, "2019-03-04T05:00:00Z")
	b.archive.bars[weeks] = map[int64]market.Candle{old.Unix(): {Start: old, Open: 1, High: 2, Low: 1, Close: 2, Volume: 5}}
	for run := range 3 {
		request.Backfill = run == 1
		b.provider.price = float64(run)
		b.run(t, t.Context(), request)
		if bar, stored := b.archive.bars[weeks][old.Unix()]; !stored || bar.High != 2 || len(b.archive.bars[weeks]) < 50 {
			t.Errorf("after run %d there are %d weeks, the old one is %+v", run, len(b.archive.bars[weeks]), bar)
		}
	}
}
