package servertest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/store"
)

// Part is something that a server asks: it can fail, hang against its context, panic, and counts its calls.
type Part struct {
	mu    sync.Mutex
	err   error
	hang  chan struct{} // calls wait until it is closed, whatever their context says
	Panic bool
	Calls atomic.Int64
	Seen  chan struct{} // takes one word of each call, while there is room
}

// Pass counts a call and does what the part was told to do.
func (p *Part) Pass() error {
	p.Calls.Add(1)
	select {
	case p.Seen <- struct{}{}:
	default:
	}
	p.mu.Lock()
	err, hang, panics := p.err, p.hang, p.Panic
	p.mu.Unlock()
	if panics {
		panic("a part broke: s3cr3t-of-the-inside")
	}
	if hang != nil {
		<-hang
	}
	return err
}

// Fail makes calls fail with err; nil for no more.
func (p *Part) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// Stall makes the part hang until the end of the test, or until the returned function is called.
func (p *Part) Stall(t *testing.T) (release func()) {
	t.Helper()
	hang := make(chan struct{})
	p.mu.Lock()
	p.hang = hang
	p.mu.Unlock()
	release = sync.OnceFunc(func() {
		p.mu.Lock()
		p.hang = nil
		p.mu.Unlock()
		close(hang)
	})
	t.Cleanup(release)
	return release
}

// SlotRecord is what the ledger holds of a slot.
type SlotRecord struct {
	Run   ledger.Run
	Cells []ledger.Cell
}

// Ledger is a ledger in memory, and what starts runs.
type Ledger struct {
	Part
	List     []ledger.Run
	ByRun    map[int64][]ledger.Cell
	Slots    map[ledger.SlotID]SlotRecord
	Said     map[int64]ledger.Progress // of runs in progress
	Requests []api.RunRequest
	Starts   func(api.RunRequest) (api.StartedRun, error)
}

// Runs are the first of List.
func (f *Ledger) Runs(_ context.Context, limit int) ([]ledger.Run, error) {
	if err := f.Pass(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.List[:min(limit, len(f.List))]), nil
}

// SelectRuns are the first of List that a filter selects.
func (f *Ledger) SelectRuns(_ context.Context, filter store.RunFilter, limit int) ([]ledger.Run, error) {
	if err := f.Pass(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	of := []ledger.Run{}
	for _, r := range f.List {
		has := func(c ledger.Cell) bool { return filter.Instrument == "" || c.Instrument == filter.Instrument }
		if (filter.Job == "" || r.Job == filter.Job) && (filter.State == "" || r.State == filter.State) && len(of) < limit &&
			(filter.Before == 0 || r.ID < filter.Before) && (filter.Instrument == "" || slices.ContainsFunc(f.ByRun[r.ID], has)) {
			of = append(of, r)
		}
	}
	return of, nil
}

// Run finds a run in List.
func (f *Ledger) Run(_ context.Context, id int64) (ledger.Run, bool, error) {
	if err := f.Pass(); err != nil {
		return ledger.Run{}, false, err
	}
	i := slices.IndexFunc(f.List, func(r ledger.Run) bool { return r.ID == id })
	if i < 0 {
		return ledger.Run{}, false, nil
	}
	return f.List[i], true, nil
}

// Oldest is the last of List, which has the newest first.
func (f *Ledger) Oldest(context.Context) (ledger.Run, bool, error) {
	if err := f.Pass(); err != nil {
		return ledger.Run{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.List) == 0 {
		return ledger.Run{}, false, nil
	}
	return f.List[len(f.List)-1], true, nil
}

// Cells are those of ByRun.
func (f *Ledger) Cells(_ context.Context, id int64) ([]ledger.Cell, error) { return f.ByRun[id], nil }

// Progress is that of Said.
func (f *Ledger) Progress(_ context.Context, id int64) (ledger.Progress, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	said, ok := f.Said[id]
	return said, ok, nil
}

// Latest is the run of a slot in Slots.
func (f *Ledger) Latest(_ context.Context, slot ledger.Slot, _ ledger.Kept) (ledger.Run, bool, error) {
	if err := f.Pass(); err != nil {
		return ledger.Run{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	record, found := f.Slots[slot.ID()]
	return record.Run, found, nil
}

// Committed are the cells of a slot in Slots.
func (f *Ledger) Committed(_ context.Context, slot ledger.Slot) ([]ledger.Cell, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Slots[slot.ID()].Cells, nil
}

// Change changes the runs of the ledger, and what they said.
func (f *Ledger) Change(change func(runs []ledger.Run, said map[int64]ledger.Progress) []ledger.Run) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Said == nil {
		f.Said = map[int64]ledger.Progress{}
	}
	f.List = change(slices.Clone(f.List), f.Said)
}

// Set changes what the ledger holds of a slot.
func (f *Ledger) Set(slot ledger.Slot, record SlotRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Slots[slot.ID()] = record
}

// Start notes the request and does what Starts says.
func (f *Ledger) Start(_ context.Context, request api.RunRequest) (api.StartedRun, error) {
	if err := f.Pass(); err != nil {
		return api.StartedRun{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Requests = append(f.Requests, request)
	return f.Starts(request)
}

// Archive is an archive in memory. Bars must not change while it is read.
type Archive struct {
	Part
	Past
	Covered
	store.Bars // what neither server nor API call

	Series  map[market.Series]*market.Candles // to change one, put a copy in its place
	Version int64                             // of every series
	Most    int                               // the most bars of one read

	broken error // of reads of bars, once whole is 0
	whole  int
}

// FailAfter lets so many reads of bars succeed, and no more.
func (f *Archive) FailAfter(reads int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole, f.broken = reads, err
}

// Listings is the Indian one of ABCD.QQ.
func (f *Archive) Listings(context.Context) ([]store.Listing, error) {
	india := market.Listing{Symbol: "ABCD.QQ", Type: "EQUITY", Zone: "Asia/Kolkata"}
	return []store.Listing{{Instrument: "ABCD.QQ", First: india, Last: india}}, f.Pass()
}

// CalendarChanges are none.
func (f *Archive) CalendarChanges(context.Context) ([]calendar.Change, error) { return nil, f.Pass() }

// States tells what Series holds, in no order.
func (f *Archive) States(context.Context) ([]market.SeriesState, error) {
	if err := f.Pass(); err != nil {
		return nil, err
	}
	var states []market.SeriesState
	for series := range f.Series {
		states = append(states, f.state(series))
	}
	return states, nil
}

// State tells what Series holds of one.
func (f *Archive) State(_ context.Context, series market.Series) (market.SeriesState, bool, error) {
	if err := f.Pass(); err != nil {
		return market.SeriesState{}, false, err
	}
	if _, found := f.Series[series]; !found {
		return market.SeriesState{}, false, nil
	}
	return f.state(series), true, nil
}

func (f *Archive) state(series market.Series) market.SeriesState {
	bars := f.Series[series]
	state := market.SeriesState{Series: series, Count: int64(bars.Len()), Version: f.Version}
	if n := bars.Len(); n > 0 {
		state.Oldest, state.Newest = bars.At(0).Start, bars.At(n-1).Start
	}
	return state
}

// Page reads one end of a window.
func (f *Archive) Page(
	_ context.Context, series market.Series, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	bars := f.Series[series].In(w)
	n := min(limit, bars.Len())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Most = max(f.Most, n)
	if f.whole--; f.broken != nil && f.whole < 0 {
		return nil, f.broken
	}
	if newest {
		return bars.Slice(bars.Len()-n, bars.Len()), nil
	}
	return bars.Slice(0, n), nil
}

// Provider is a provider's state.
type Provider struct {
	Part
	State server.ProviderState
}

// Read gives the state.
func (f *Provider) Read(context.Context) (server.ProviderState, error) { return f.State, f.Pass() }
