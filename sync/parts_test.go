package syncer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// deepMinutes asks for 29 days of 1m, which are five requests, and for what derives from them.
func deepMinutes(t *testing.T) syncer.Request {
	t.Helper()
	return syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M1, market.M3}, Deep: true}
}

// TestTheCountsAreOfAllParts: a series that came in several requests is stored in as many transactions, and has one cell, which
// tells what all of them did.
func TestTheCountsAreOfAllParts(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	for run := 1; run <= 2; run++ {
		report := b.run(t, t.Context(), deepMinutes(t))
		if report.Run.State != ledger.StateDone || report.Requests < 5 {
			t.Fatalf("run %d: %s with %d requests, want done with several", run, report.Run.State, report.Requests)
		}
		for _, timeframe := range []market.Timeframe{market.M1, market.M3} {
			series := market.Series{Instrument: "ES", Timeframe: timeframe}
			got, held := cell(t, report, series.String()), len(b.archive.bars[series])
			again := run == 2 && timeframe == market.M1 // what derives from unchanged bars is not built again
			if run == 2 && timeframe != market.M1 && got.Fetched > 10 {
				t.Errorf("%d bars of %s were built again, though none of their base had changed", got.Fetched, series)
			}
			if run == 1 && got.Inserted != held || run == 2 && got.Inserted != 0 || again && got.Unchanged < held {
				t.Errorf("run %d: %s says %d inserted and %d unchanged, the archive holds %d", run, series, got.Inserted, got.Unchanged, held)
			}
			if got.Fetched != got.Inserted+got.Changed+got.Unchanged {
				t.Errorf("run %d: %s says %d fetched of %d written", run, series, got.Fetched, got.Inserted+got.Changed+got.Unchanged)
			}
		}
	}
}

// TestEvidenceComesWithTheLastPart: a process that dies between two parts must not leave a cell that says all is stored.
func TestEvidenceComesWithTheLastPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		commits := 0
		b.archive.barrier = func() {
			commits++
			for series, c := range b.archive.cells {
				if c.State.OK() {
					t.Errorf("before commit %d there is the evidence of %s: %s", commits, series, c.State)
				}
			}
			if commits == 3 {
				b.archive.down = 1000 // for good
			}
		}
		report := b.run(t, t.Context(), deepMinutes(t))
		for _, timeframe := range []market.Timeframe{market.M1, market.M3} {
			series := market.Series{Instrument: "ES", Timeframe: timeframe}
			got, held := cell(t, report, series.String()), len(b.archive.bars[series])
			if got.State != ledger.CellFailed || held == 0 || got.Inserted != held {
				t.Errorf("%s is %s with %d inserted, want failed with the %d of two parts", series, got.State, got.Inserted, held)
			}
		}
	})
}

// TestATaskIsDoneWhenAllItsSeriesAre: evidence of one of them, or of another instrument's, is no evidence of the others.
func TestATaskIsDoneWhenAllItsSeriesAre(t *testing.T) {
	t.Parallel()
	ok := func(instrument string, timeframe market.Timeframe) ledger.Cell {
		return ledger.Cell{Instrument: instrument, Timeframe: string(timeframe), State: ledger.CellStored}
	}
	for _, tt := range []struct {
		done []ledger.Cell
		asks int
	}{
		{nil, 1},
		{[]ledger.Cell{ok("ES", market.H1)}, 1},
		{[]ledger.Cell{ok("ES", market.H4)}, 1},
		{[]ledger.Cell{ok("NQ", market.H1), ok("NQ", market.H4)}, 1},
		{[]ledger.Cell{ok("ES", market.H1), ok("ES", market.H4)}, 0},
	} {
		b := newBench(t, fixed(at(t, importTime)))
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H4}}
		if _, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7}, request, tt.done, b.emit); err != nil {
			t.Fatal(err)
		}
		if len(b.provider.asked) != tt.asks {
			t.Errorf("with evidence of %v the provider is asked %d times, want %d", tt.done, len(b.provider.asked), tt.asks)
		}
	}
}

// TestALostRunIsNotTriedAgain: its series belong to another process now, and waiting for half a minute helps nobody. What an
// archive that is restarted refuses is tried again.
func TestALostRunIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lost bool
		took time.Duration
	}{{true, 0}, {false, 500 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, time.Now)
			if tt.lost {
				b.archive.token = "another's"
			} else {
				b.archive.down = 2
			}
			engine, err := syncer.New(b.config)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
			run := ledger.Run{ID: 7}
			if tt.lost {
				run.Token = "mine"
			}
			report, err := engine.RunOnce(t.Context(), run, request, nil, b.emit)
			if err != nil || len(report.Cells) != 1 || report.Cells[0].State.OK() == tt.lost {
				t.Errorf("lost %t: cells %+v, %v", tt.lost, report.Cells, err)
			}
			if took := time.Since(began); tt.lost && took > 0 || took < tt.took/2 {
				t.Errorf("lost %t: it took %s", tt.lost, took)
			}
		})
	}
}

// TestDerivedBarsEqualTheirBase after any bars of the base were revised: what is stored is what the whole stored base gives, as
// promise P10 says. A bar that was rebuilt from a part of its base would have lost the volume of the rest.
func TestDerivedBarsEqualTheirBase(t *testing.T) {
	t.Parallel()
	timeframes := []market.Timeframe{market.H1, market.H2, market.H4, market.H6, market.H12}
	rapid.Check(t, func(r *rapid.T) {
		now := at(t, importTime)
		b := newBench(t, fixed(now))
		request := syncer.Request{Instruments: resolve(t, rapid.SampledFrom([]string{"ES", "AAPL", "BTC-USD"}).Draw(r, "instrument")), Timeframes: timeframes}
		b.run(t, t.Context(), request)
		series := market.Series{Instrument: request.Instruments[0].Name, Timeframe: market.H1}
		base := pick(b.archive.bars[series], everything(now))
		revised := map[int64]bool{}
		for range rapid.IntRange(1, 3).Draw(r, "revisions") {
			revised[base.TS[base.Len()-1-rapid.IntRange(0, 40).Draw(r, "bar")]] = true
		}
		b.provider.script = func(request market.FetchRequest, _ int) (*market.FetchResult, error) {
			bars := market.NewCandles(0)
			for i := range base.TS {
				if bar := base.At(i); request.Window.Contains(bar.Start) && revised[base.TS[i]] {
					bar.Volume, bar.High = bar.Volume+5, bar.High+1
					bars.Append(bar)
				}
			}
			if bars.Len() == 0 {
				return nothing(request)
			}
			return &market.FetchResult{Outcome: market.OutcomeBars, Candles: bars, Window: request.Window, Rows: bars.Len(), Requests: 1}, nil
		}
		b.run(t, t.Context(), syncer.Request{Instruments: request.Instruments, Timeframes: timeframes, Maintenance: true})
		base = pick(b.archive.bars[series], everything(now))
		for _, timeframe := range timeframes[1:] {
			want := market.Resample(base, market.H1, timeframe, request.Instruments[0].Calendar, now)
			got := pick(b.archive.bars[market.Series{Instrument: series.Instrument, Timeframe: timeframe}], everything(now))
			if got.Len() != want.Len() {
				r.Fatalf("%d bars of %s, want %d", got.Len(), timeframe, want.Len())
			}
			for i := range want.TS {
				if got.At(i) != want.At(i) {
					r.Fatalf("%s at %s is %+v, want %+v", timeframe, want.At(i).Start, got.At(i), want.At(i))
				}
			}
		}
	})
}

// everything is a window that holds all bars.
func everything(now time.Time) market.Window {
	return market.Window{From: time.Unix(0, 0), To: now.AddDate(1, 0, 0)}
}

// TestRequestsKeepTheMargin of what the provider serves at most, with the bar that is asked for before each: its clock and ours
// differ, and a request that is too long by a second is refused whole. Every minute of a week is tried, since at a few of them a
// request begins with the first bar after a weekend.
func TestRequestsKeepTheMargin(t *testing.T) {
	t.Parallel()
	serves, request := yahoo.Capabilities(), deepMinutes(t)
	for minute := range 7 * 24 * 60 {
		now := at(t, importTime).Add(time.Duration(minute) * time.Minute)
		task := syncer.MakePlan(serves, request, nil, nil, now).Tasks[0]
		for i, f := range task.Fetches[:len(task.Fetches)-1] { // the last one is what is left
			asked := f.Window
			if i > 0 {
				asked.From = market.M1.Previous(task.Instrument.Calendar, asked.From)
			}
			if asked.Length() > 7*24*time.Hour-30*time.Minute {
				t.Fatalf("at %s request %d of %d spans %s with the bar before it, which leaves no margin to 7 days", now, i+1,
					len(task.Fetches), asked.Length())
			}
		}
	}
}
