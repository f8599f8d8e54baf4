package syncer_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// scripted is a provider that serves every bar the calendar expects, or what its script says.
type scripted struct {
	mu     sync.Mutex
	now    func() time.Time
	asked  []market.FetchRequest
	script func(request market.FetchRequest, n int) (*market.FetchResult, error) // nil result and error: serve
	price  float64
}

func (p *scripted) Fetch(_ context.Context, request market.FetchRequest) (*market.FetchResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, a := range p.asked {
		if a.Instrument.Name == request.Instrument.Name && a.Timeframe == request.Timeframe {
			n++
		}
	}
	p.asked = append(p.asked, request)
	if p.script != nil {
		if result, err := p.script(request, n); result != nil || err != nil {
			return result, err
		}
	}
	return p.serve(request), nil
}

// serve is an answer with every bar that the calendar expects.
func (p *scripted) serve(request market.FetchRequest) *market.FetchResult {
	bars := market.NewCandles(0)
	add := func(t time.Time) bool {
		if !request.Timeframe.End(request.Instrument.Calendar, t).After(p.now()) {
			v := 1000 + p.price + float64(t.Unix()%977)/100 // days and intraday bars agree but for a part of a hundred
			bars.Append(market.Candle{Start: t.UTC(), Open: v, High: v + 2, Low: v - 1, Close: v + 1, Volume: 10})
		}
		return true
	}
	if request.Timeframe.Intraday() {
		request.Timeframe.Expected(request.Instrument.Calendar, request.Window, add)
	} else {
		for _, s := range request.Instrument.Calendar.Sessions(request.Window.From, request.Window.To) {
			add(request.Instrument.Calendar.Midnight(s.Date))
		}
	}
	return &market.FetchResult{
		Outcome: market.OutcomeBars, Candles: bars.In(request.Window), Window: request.Window, Rows: bars.Len(), Requests: 1,
	}
}

// refuse answers one outcome.
func refuse(r market.FetchRequest, outcome market.Outcome, after time.Duration) (*market.FetchResult, error) {
	return nil, &market.FetchError{
		Outcome: outcome, Symbol: r.Instrument.Name, Timeframe: r.Timeframe, RetryAfter: after, Requests: 1, Reason: "scripted",
	}
}

// nothing is an answer without bars.
func nothing(r market.FetchRequest) (*market.FetchResult, error) {
	return &market.FetchResult{Outcome: market.OutcomeEmpty, Candles: market.NewCandles(0), Window: r.Window, Requests: 1}, nil
}

// cached remembers what was put into the cache, or fails.
type cached struct {
	mu      sync.Mutex
	bars    map[market.Series]*market.Candles
	version map[market.Series]int64
	down    bool
}

func (c *cached) PutNewest(_ context.Context, series market.Series, version int64, bars *market.Candles) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return errStopped
	}
	c.bars[series], c.version[series] = bars, version
	return nil
}

// Newest is not called by an engine.
func (c *cached) Newest(context.Context, market.Series) (int64, *market.Candles, bool, error) {
	return 0, nil, false, errors.New("an engine does not read the cache")
}

func newCached() *cached {
	return &cached{bars: map[market.Series]*market.Candles{}, version: map[market.Series]int64{}}
}

// bench is an engine on fakes.
type bench struct {
	archive  *memory
	provider *scripted
	cache    *cached
	config   syncer.Config
	deadline time.Duration // of a run; 0 for none
	entry    string        // who asked for the runs
	emit     func(ledger.Event)
}

func newBench(t testing.TB, now func() time.Time) *bench {
	t.Helper()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{archive: newMemory(), provider: &scripted{now: now}, cache: newCached(), emit: func(ledger.Event) {}}
	b.config = syncer.Config{
		Provider: b.provider, Capabilities: yahoo.Capabilities(), Archive: b.archive, Cache: b.cache, Now: now, Pacific: pacific, Logger: slog.New(slog.DiscardHandler),
	}
	return b
}

// run carries out a run as the gate does, and gives it the state that its cells deserve.
func (b *bench) run(t testing.TB, ctx context.Context, request syncer.Request) syncer.Report {
	t.Helper()
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	if b.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.deadline)
		defer cancel()
	}
	report, err := engine.RunOnce(ctx, ledger.Run{ID: 7, Job: ledger.JobImport, Entry: b.entry}, request, nil, b.emit)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	report.Run.State, report.Run.Reason = ledger.Outcome(report.Cells)
	return report
}

// cell finds the evidence of a series.
func cell(t testing.TB, r syncer.Report, series string) ledger.Cell {
	t.Helper()
	for _, c := range r.Cells {
		if c.Instrument+" "+c.Timeframe == series {
			return c
		}
	}
	t.Fatalf("no cell of %s in %v", series, r.Cells)
	return ledger.Cell{}
}
