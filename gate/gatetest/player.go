package gatetest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/tasks"
)

// Bench is a ledger and a Redis, and processes that share them.
type Bench struct {
	Ledger  *Ledger
	Markers *Markers
	Slot    ledger.Slot

	mu    sync.Mutex
	calls []string
	works int
}

// NewBench makes an empty bench on the clock of the test's bubble, with a slot of the import.
func NewBench(now func() time.Time) *Bench {
	return &Bench{
		Ledger: NewLedger(now), Markers: NewMarkers(now),
		Slot: ledger.NewSlot(ledger.JobImport, time.Date(1999, 12, 31, 22, 5, 0, 0, time.UTC)),
	}
}

// Calls are what the processes have asked the stores since the last call.
func (b *Bench) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls
	b.calls = nil
	return calls
}

// Works is how often work has been carried out.
func (b *Bench) Works() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.works
}

// Clean fails the test if the ledger saw something that must never be.
func (b *Bench) Clean(t testing.TB) {
	t.Helper()
	for _, v := range b.Ledger.Violations() {
		t.Error(v)
	}
}

// Player is one process.
type Player struct {
	*Bench
	Name     string
	Hook     Hook // nil: everything works
	Series   []string
	Takes    time.Duration // each series
	Stubborn bool          // its work does not look at ctx
	Config   func(*gate.Config)
	fail     map[string]bool
}

// Player makes a process whose work has three series of ten seconds.
func (b *Bench) Player(name string) *Player {
	return &Player{
		Bench: b, Name: name, Series: []string{"ES", "NQ", "CL"}, Takes: 10 * time.Second, fail: map[string]bool{},
		Config: func(*gate.Config) {},
	}
}

// Around is the hook of everything that the process asks.
func (p *Player) Around(ctx context.Context, op string, after bool) error {
	if !after {
		p.mu.Lock()
		p.calls = append(p.calls, op)
		p.mu.Unlock()
	}
	if p.Hook == nil {
		return ctx.Err()
	}
	return p.Hook(ctx, op, after)
}

// Fail lets series fail from now on.
func (p *Player) Fail(series ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range series {
		p.fail[s] = true
	}
}

// Heal ends the failing of a series.
func (p *Player) Heal(series string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail[series] = false
}

func (p *Player) fails(series string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fail[series]
}

// Port is the ledger as the process reaches it.
func (p *Player) Port() Port { return NewPort(p.Ledger, p.Around) }

// Work is the process's work.
func (p *Player) Work(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
	p.mu.Lock()
	p.works++
	p.mu.Unlock()
	emit(ledger.Event{Kind: ledger.EventPlanned, Tasks: len(p.Series) - len(done)})
	var cells []ledger.Cell
	for _, series := range p.Series {
		if slices.ContainsFunc(done, func(c ledger.Cell) bool { return c.Instrument == series }) {
			continue
		}
		emit(ledger.Event{Kind: ledger.EventTask, Series: series + " 1d"})
		cell := ledger.Cell{Instrument: series, Timeframe: "1d", State: ledger.CellStored, Requests: 1}
		if p.Stubborn {
			time.Sleep(p.Takes) //nolint:forbidigo // in a bubble of testing/synctest
		} else if err := tasks.Sleep(ctx, p.Takes); err != nil {
			return cells, err
		}
		if p.fails(series) {
			cell.State, cell.Reason = ledger.CellFailed, "provider down"
		}
		if err := p.Port().RecordCell(ctx, run, cell); err != nil {
			cell.State, cell.Reason = ledger.CellFailed, err.Error()
		}
		cells = append(cells, cell)
		emit(ledger.Event{Kind: ledger.EventCells, Series: series + " 1d", Cells: []ledger.Cell{cell}})
	}
	return cells, nil
}

// Gate is a gate of the process's own.
func (p *Player) Gate(t testing.TB) *gate.Gate {
	t.Helper()
	c := gate.Config{
		Ledger: p.Port(), Markers: NewMarkerPort(p.Markers, p.Around), Work: p.Work, Now: p.Ledger.clock,
		Logger: slog.New(slog.DiscardHandler), Host: p.Name, PID: 7,
	}
	p.Config(&c)
	g, err := gate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// RunSlot asks the process's gate for the slot.
func (p *Player) RunSlot(t testing.TB, request gate.SlotRequest) gate.Result {
	t.Helper()
	result, err := p.Gate(t).RunSlot(t.Context(), p.Slot, request)
	if err != nil {
		t.Errorf("%s: %v", p.Name, err)
	}
	return result
}
