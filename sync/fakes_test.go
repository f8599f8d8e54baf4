package syncer_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
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
	folded    map[market.Series]int64
	listings  map[string]store.Listing
	changes   []calendar.Change
	truth     truth
	coverage  map[market.Series]market.Coverage
	gaps      map[market.Series][]market.Gap

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
		listings: map[string]store.Listing{}, truth: newTruth(), folded: map[market.Series]int64{},
		coverage: map[market.Series]market.Coverage{}, gaps: map[market.Series][]market.Gap{},
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
				Calendar: m.calendars[series], Folded: m.folded[series], Version: m.version[series],
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

func (m *memory) Candles(_ context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pick(m.bars[series], w), nil
}

// Page reads the newest or the oldest bars of a window.
func (m *memory) Page(_ context.Context, series market.Series, w market.Window, limit int, newest bool) (*market.Candles, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bars := pick(m.bars[series], w)
	if !newest {
		return bars.Slice(0, min(limit, bars.Len())), nil
	}
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
		calendars: map[market.Series]string{}, listings: map[string]store.Listing{}, truth: m.truth.clone(),
		folded: map[market.Series]int64{}, changed: map[market.Series]bool{},
		covered: map[market.Series]market.Coverage{}, gaps: map[market.Series][]market.Gap{},
	}, nil
}

// memoryTx buffers writes until Commit.
type memoryTx struct {
	store.TruthTx // what no test calls

	archive *memory
	bars    map[market.Series]map[int64]market.Candle
	gone    map[market.Series][]int64
	changed map[market.Series]bool
	cells   []ledger.Cell

	calendars map[market.Series]string
	folded    map[market.Series]int64
	listings  map[string]store.Listing
	truth     truth
	covered   map[market.Series]market.Coverage
	gaps      map[market.Series][]market.Gap
}

func (tx *memoryTx) LockSeries(context.Context, market.Series) error { return nil }

func (tx *memoryTx) SetFolded(_ context.Context, series market.Series, version int64) error {
	tx.folded[series] = version
	return nil
}

func (tx *memoryTx) Remove(_ context.Context, series market.Series, starts []int64) (removed int, err error) {
	held := tx.view(series)
	for _, ts := range starts {
		if _, ok := held[ts]; ok {
			removed++
		}
		delete(tx.bars[series], ts)
	}
	tx.changed[series] = tx.changed[series] || removed > 0
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
	tx.truth.from[instrument] = store.Accepted{Listing: l, From: tx.truth.from[instrument].From}
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
	tx.changed[series] = tx.changed[series] || stored.Inserted+stored.Changed > 0
	return stored, nil
}

func (tx *memoryTx) Candles(_ context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	tx.archive.count(tx.archive.reads, series)
	return pick(tx.view(series), w), nil
}

func (tx *memoryTx) State(_ context.Context, series market.Series) (market.SeriesState, bool, error) {
	tx.archive.count(tx.archive.states, series)
	state := tx.state(series)
	return state, state.Count > 0, nil
}

func (tx *memoryTx) StatesOf(_ context.Context, instrument string) (all []market.SeriesState, err error) {
	tx.archive.count(tx.archive.states, market.Series{Instrument: instrument})
	for _, timeframe := range market.Timeframes() {
		state := tx.state(market.Series{Instrument: instrument, Timeframe: timeframe})
		if state.Count > 0 || state.Folded != 0 || state.Calendar != "" {
			all = append(all, state)
		}
	}
	return all, nil
}

func (tx *memoryTx) state(series market.Series) market.SeriesState {
	state, _, _ := stateOf(series, tx.view(series), 0)
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	state.Version, state.Calendar, state.Folded = tx.archive.version[series], tx.archive.calendars[series], tx.archive.folded[series]
	if tx.changed[series] {
		state.Version++
	}
	if version, ok := tx.calendars[series]; ok {
		state.Calendar = version
	}
	if version, ok := tx.folded[series]; ok {
		state.Folded = version
	}
	return state
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
	maps.Copy(m.folded, tx.folded)
	maps.Copy(m.listings, tx.listings)
	m.truth = tx.truth
	maps.Copy(m.coverage, tx.covered)
	maps.Copy(m.gaps, tx.gaps)
	for series, bars := range tx.bars {
		if m.bars[series] == nil {
			m.bars[series] = map[int64]market.Candle{}
		}
		maps.Copy(m.bars[series], bars)
	}
	for series, changed := range tx.changed {
		if changed {
			m.version[series]++
		}
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
