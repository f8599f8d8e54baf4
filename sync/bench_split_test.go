package syncer_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// BenchmarkSplitAmongAThousand imports the days of 1,000 instruments, of which one has a million bars of 1m stored, too: on a plain
// day, and on the day on which that one has split. The floor is a restatement of the million alone.
//
//	delay     how much longer the import with the split takes, in times of the restatement
//	others    how much later the last of the other 999 is stored, likewise
//	requests  of the import with the split, beyond those of the plain one
//	-s        seconds: of the plain import, of the one with the split, and of the restatement
func BenchmarkSplitAmongAThousand(b *testing.B) {
	for name, open := range benchEngines() {
		b.Run(name, func(b *testing.B) {
			var plain, split, alone, others float64
			var asked int
			for b.Loop() {
				w := newSplitWorld(b, open)
				w.run(b)
				w.at = w.at.AddDate(0, 0, 1)
				before := w.requests
				plain += w.run(b)
				others -= w.took
				more := w.requests - before
				w.at, w.split = w.at.AddDate(0, 0, 1), true
				before = w.requests
				split += w.run(b)
				others += w.took
				asked += w.requests - before - more
				w.restated(b)
				alone += w.restate(b)
			}
			b.ReportMetric((split-plain)/alone, "delay")
			b.ReportMetric(others/alone, "others")
			b.ReportMetric(float64(asked)/float64(b.N), "requests")
			for unit, total := range map[string]float64{"plain-s": plain, "split-s": split, "restatement-s": alone} {
				b.ReportMetric(total/float64(b.N), unit)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// splitWorld is a provider of 1,000 instruments and their archive, at the time of a clock that stands.
type splitWorld struct {
	store.Archive
	at       time.Time
	split    bool // the first instrument has split
	provider *scripted
	request  syncer.Request
	requests int
	others   atomic.Int64 // when the last of the others was stored, in Unix nanoseconds
	took     float64      // until then, by the last import, in seconds
	gate     *gate.Gate
	work     gate.Work
}

func newSplitWorld(b *testing.B, open benchEngine) *splitWorld {
	b.Helper()
	w := &splitWorld{at: time.Date(2026, 8, 17, 22, 5, 0, 0, time.UTC)}
	archive := open(b, w.now)
	w.Archive = archive
	w.request.Timeframes = []market.Timeframe{market.D1}
	for n := range 1000 {
		i, err := market.Resolve(fmt.Sprintf("ZZ%c%c%c", 'A'+n/100, 'A'+n/10%10, 'A'+n%10))
		if err != nil {
			b.Fatal(err)
		}
		w.request.Instruments = append(w.request.Instruments, i)
	}
	w.provider = &scripted{now: w.now}
	c := newBench(b, w.now).config
	c.Archive, c.Provider, c.Cache = archive, w, nil
	engine, err := syncer.New(c)
	if err != nil {
		b.Fatal(err)
	}
	w.work = func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
		report, err := engine.RunOnce(ctx, run, w.request, done, func(e ledger.Event) {
			if e.Kind == ledger.EventCells && len(e.Cells) > 0 && e.Cells[0].Instrument != w.minutes().Instrument {
				w.others.Store(time.Now().UnixNano())
			}
			emit(e)
		})
		w.requests += report.Requests
		return report.Cells, err
	}
	if w.gate, err = gate.New(gate.Config{Ledger: archive, Work: w.work, Now: w.now, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		b.Fatal(err)
	}
	w.fill(b)
	return w
}

func (w *splitWorld) now() time.Time { return w.at }

// minutes are the bars of 1m of the first instrument.
func (w *splitWorld) minutes() market.Series {
	return market.Series{Instrument: w.request.Instruments[0].Name, Timeframe: market.M1}
}

// fill stores a million of them, from before the first import.
func (w *splitWorld) fill(b *testing.B) {
	b.Helper()
	tx, err := w.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	request := market.FetchRequest{Instrument: w.request.Instruments[0], Timeframe: market.M1}
	for year := 2016; year <= 2026; year++ {
		request.Window = market.Window{From: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)}
		bars := w.provider.serve(request).Candles
		if _, err := tx.Upsert(b.Context(), w.minutes(), bars); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	if state, _, err := w.State(b.Context(), w.minutes()); err != nil || state.Count < 1_000_000 {
		b.Fatalf("%d bars are stored, %v", state.Count, err)
	}
}

// fourToOne is the split of the first instrument.
func (w *splitWorld) fourToOne() market.Action {
	opens := time.Date(2026, 8, 19, 13, 30, 0, 0, time.UTC)
	return market.Action{Kind: market.ActionSplit, Time: opens, Numerator: 4, Denominator: 1}
}

// Fetch tells of the split, with all bars on the scale after it.
func (w *splitWorld) Fetch(ctx context.Context, request market.FetchRequest) (*market.FetchResult, error) {
	result, err := w.provider.Fetch(ctx, request)
	if !w.split || request.Instrument.Name != w.minutes().Instrument || err != nil {
		return result, err
	}
	bars := market.NewCandles(result.Candles.Len())
	for i := range result.Candles.Len() {
		bars.Append(market.SplitFactor(w.fourToOne()).Apply(result.Candles.At(i)))
	}
	result.Candles, result.Actions = bars, []market.Action{w.fourToOne()}
	return result, nil
}

// run imports once, and tells how long it took, in seconds.
func (w *splitWorld) run(b *testing.B) float64 {
	b.Helper()
	began := time.Now()
	if _, err := w.gate.RunAdHoc(b.Context(), gate.AdHocRequest{Job: ledger.JobImport, Entry: "bench", Work: w.work}); err != nil {
		b.Fatal(err)
	}
	w.took = time.Unix(0, w.others.Load()).Sub(began).Seconds()
	return time.Since(began).Seconds()
}

// restate restates the million alone, and tells how long that took, in seconds.
func (w *splitWorld) restate(b *testing.B) float64 {
	b.Helper()
	tx, err := w.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	began := time.Now()
	_, err = tx.Restate(b.Context(), store.Restatement{
		Series: w.minutes(), Action: 9, Reason: "alone", Before: w.at, Factor: market.SplitFactor(w.fourToOne()).Inverse(),
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	return time.Since(began).Seconds()
}

// restated looks whether the import has done it.
func (w *splitWorld) restated(b *testing.B) {
	b.Helper()
	all, err := w.Restatements(b.Context(), w.minutes().Instrument)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range all {
		if r.Series == w.minutes() && r.Bars >= 1_000_000 {
			return
		}
	}
	b.Fatalf("the split restated %+v", all)
}
