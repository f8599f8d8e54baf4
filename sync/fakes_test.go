package syncer_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// errStopped is what a stopped archive or cache answers.
var errStopped = errors.New("connection refused")

// memory is an archive in memory that commits all of a transaction or nothing.
type memory struct {
	mu      sync.Mutex
	bars    map[market.Series]map[int64]market.Candle
	version map[market.Series]int64
	reads   map[market.Series]int // calls of Tx.Candles
	states  map[market.Series]int // calls of Tx.State
	onPage  func(market.Series)   // called by Page, when set
	cells   map[string]ledger.Cell

	calendars map[market.Series]string
	listings  map[string]store.Listing
	changes   []calendar.Change

	down    int    // so many of the next commits fail
	token   string // of the one run that may write; "" for ad-hoc runs
	barrier func() // called at each commit, when set

	unwritable error                   // of Writable
	broken     error                   // of Begin
	begun      int                     // calls of Begin that failed
	answer     func(int) (bool, error) // to the n-th commit, from 1: whether it is one, and what its caller is told
	commits    int
}

func newMemory() *memory {
	return &memory{
		bars: map[market.Series]map[int64]market.Candle{}, version: map[market.Series]int64{}, cells: map[string]ledger.Cell{},
		reads: map[market.Series]int{}, states: map[market.Series]int{}, calendars: map[market.Series]string{},
		listings: map[string]store.Listing{},
	}
}

func (m *memory) Listings(context.Context) (all []store.Listing, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.listings)) {
		all = append(all, m.listings[name])
	}
	return all, nil
}

func (m *memory) CalendarChanges(context.Context) ([]calendar.Change, error) { return m.changes, nil }

func (m *memory) States(context.Context) ([]market.SeriesState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []market.SeriesState
	for series, bars := range m.bars {
		keys := slices.Sorted(maps.Keys(bars))
		if len(keys) > 0 {
			all = append(all, market.SeriesState{
				Series: series, Count: int64(len(keys)), Oldest: time.Unix(keys[0], 0), Newest: time.Unix(keys[len(keys)-1], 0),
				Calendar: m.calendars[series],
			})
		}
	}
	return all, nil
}

func (m *memory) State(_ context.Context, series market.Series) (market.SeriesState, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return stateOf(series, m.bars[series], m.version[series])
}

func stateOf(series market.Series, bars map[int64]market.Candle, version int64) (market.SeriesState, bool, error) {
	keys := slices.Sorted(maps.Keys(bars))
	state := market.SeriesState{Series: series, Count: int64(len(keys)), Version: version}
	if len(keys) > 0 {
		state.Oldest, state.Newest = time.Unix(keys[0], 0).UTC(), time.Unix(keys[len(keys)-1], 0).UTC()
	}
	return state, len(keys) > 0, nil
}

// Page reads the newest bars of a window: nobody asks for the oldest.
func (m *memory) Page(_ context.Context, series market.Series, w market.Window, limit int, newest bool) (*market.Candles, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !newest {
		return nil, errors.New("the fake reads newest bars only")
	}
	bars := pick(m.bars[series], w)
	if m.onPage != nil {
		m.onPage(series)
	}
	return bars.Slice(max(0, bars.Len()-limit), bars.Len()), nil
}

func pick(bars map[int64]market.Candle, w market.Window) *market.Candles {
	out := market.NewCandles(len(bars))
	for _, ts := range slices.Sorted(maps.Keys(bars)) {
		if w.Contains(time.Unix(ts, 0)) {
			out.Append(bars[ts])
		}
	}
	return out
}

func (m *memory) RecordCell(_ context.Context, run ledger.Run, c ledger.Cell) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if run.Token != m.token {
		return ledger.ErrLost
	}
	m.cells[c.Instrument+" "+c.Timeframe] = c
	return nil
}

func (m *memory) Writable(context.Context) error { return m.unwritable }

func (m *memory) Begin(context.Context) (syncer.Tx, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		m.begun++
		return nil, m.broken
	}
	return &memoryTx{
		archive: m, bars: map[market.Series]map[int64]market.Candle{}, gone: map[market.Series][]int64{},
		calendars: map[market.Series]string{}, listings: map[string]store.Listing{},
	}, nil
}

// memoryTx buffers writes until Commit.
type memoryTx struct {
	archive *memory
	bars    map[market.Series]map[int64]market.Candle
	gone    map[market.Series][]int64
	cells   []ledger.Cell

	calendars map[market.Series]string
	listings  map[string]store.Listing
}

func (tx *memoryTx) Remove(_ context.Context, series market.Series, starts []int64) (removed int, err error) {
	held := tx.view(series)
	for _, ts := range starts {
		if _, ok := held[ts]; ok {
			removed++
		}
		delete(tx.bars[series], ts)
	}
	tx.gone[series] = append(tx.gone[series], starts...)
	return removed, nil
}

func (tx *memoryTx) SetCalendar(_ context.Context, series market.Series, version string) error {
	tx.calendars[series] = version
	return nil
}

func (tx *memoryTx) RecordListing(_ context.Context, instrument string, l market.Listing, seen time.Time) error {
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	known, ok := tx.archive.listings[instrument]
	if !ok {
		known = store.Listing{Instrument: instrument, First: l, Seen: seen}
	}
	known.Last = l
	tx.listings[instrument] = known
	return nil
}

func (tx *memoryTx) view(series market.Series) map[int64]market.Candle {
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	all := maps.Clone(tx.archive.bars[series])
	if all == nil {
		all = map[int64]market.Candle{}
	}
	for _, ts := range tx.gone[series] {
		delete(all, ts)
	}
	maps.Copy(all, tx.bars[series])
	return all
}

func (tx *memoryTx) Upsert(_ context.Context, series market.Series, c *market.Candles) (market.Stored, error) {
	return tx.upsert(series, c, false)
}

func (tx *memoryTx) UpsertExact(_ context.Context, series market.Series, c *market.Candles) (market.Stored, error) {
	return tx.upsert(series, c, true)
}

func (tx *memoryTx) upsert(series market.Series, c *market.Candles, exact bool) (market.Stored, error) {
	held, stored := tx.view(series), market.Stored{}
	if tx.bars[series] == nil {
		tx.bars[series] = map[int64]market.Candle{}
	}
	for i, ts := range c.TS {
		bar := c.At(i)
		old, ok := held[ts]
		if ok {
			bar = old.Revised(bar, exact)
		}
		touched := market.Window{From: bar.Start, To: bar.Start.Add(time.Second)}
		switch {
		case !ok:
			stored = stored.Add(market.Stored{Inserted: 1, Touched: touched})
		case old != bar:
			stored = stored.Add(market.Stored{Changed: 1, Touched: touched})
		default:
			stored.Unchanged++
		}
		tx.bars[series][ts] = bar
	}
	return stored, nil
}

func (tx *memoryTx) Candles(_ context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	tx.archive.count(tx.archive.reads, series)
	return pick(tx.view(series), w), nil
}

func (tx *memoryTx) State(_ context.Context, series market.Series) (market.SeriesState, bool, error) {
	tx.archive.count(tx.archive.states, series)
	state, found, err := stateOf(series, tx.view(series), 0)
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	state.Calendar = tx.archive.calendars[series]
	if version, ok := tx.calendars[series]; ok {
		state.Calendar = version
	}
	return state, found, err
}

func (m *memory) count(calls map[market.Series]int, series market.Series) {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls[series]++
}

func (tx *memoryTx) RecordCell(_ context.Context, c ledger.Cell) error {
	tx.cells = append(tx.cells, c)
	return nil
}

func (tx *memoryTx) Commit(context.Context) error {
	m := tx.archive
	if m.barrier != nil {
		m.barrier()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down > 0 {
		m.down--
		return errStopped
	}
	var told error
	if m.answer != nil {
		m.commits++
		var done bool
		if done, told = m.answer(m.commits); !done {
			return told
		}
	}
	for series, starts := range tx.gone {
		for _, ts := range starts {
			delete(m.bars[series], ts)
		}
	}
	maps.Copy(m.calendars, tx.calendars)
	maps.Copy(m.listings, tx.listings)
	for series, bars := range tx.bars {
		if m.bars[series] == nil {
			m.bars[series] = map[int64]market.Candle{}
		}
		maps.Copy(m.bars[series], bars)
		m.version[series]++
	}
	for _, c := range tx.cells {
		m.cells[c.Instrument+" "+c.Timeframe] = c
	}
	return told
}

func (tx *memoryTx) Rollback() {}

func (tx *memoryTx) Settle(_ context.Context, c ledger.Cell) (bool, error) {
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	return tx.archive.cells[c.Instrument+" "+c.Timeframe] == c, nil
}

func (tx *memoryTx) Fence(_ context.Context, _ int64, token string) error {
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	if token != tx.archive.token {
		return ledger.ErrLost
	}
	return nil
}

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
			v := 100 + p.price + float64(t.Unix()%977)
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
	report, err := engine.RunOnce(ctx, ledger.Run{ID: 7, Job: ledger.JobImport}, request, nil, b.emit)
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
