package scheduler_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// bench is a ledger and a Redis, and processes that share them.
type bench struct {
	books *books
	keys  *keys
	slot  ledger.Slot
	mu    sync.Mutex
	calls []string // what the processes asked the stores
	works int      // how often work was carried out
}

func newBench() *bench {
	return &bench{
		books: newBooks(time.Now), keys: newKeys(time.Now), slot: ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"},
	}
}

// player is one process.
type player struct {
	*bench
	name     string
	hook     hook // nil: everything works
	series   []string
	fail     map[string]bool // these series fail
	takes    time.Duration   // each series
	stubborn bool            // its work does not look at ctx
	config   func(*scheduler.GateConfig)
}

func (b *bench) player(name string) *player {
	return &player{bench: b, name: name, series: []string{"ES", "NQ", "CL"}, takes: 10 * time.Second, fail: map[string]bool{}}
}

func (p *player) around(ctx context.Context, op string, after bool) error {
	if !after {
		p.mu.Lock()
		p.calls = append(p.calls, op)
		p.mu.Unlock()
	}
	if p.hook == nil {
		return ctx.Err()
	}
	return p.hook(ctx, op, after)
}

func (p *player) fails(series string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fail[series]
}

// heal ends the failing of a series.
func (p *player) heal(series string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail[series] = false
}

func (p *player) work(ctx context.Context, run ledger.Run, done []ledger.Cell) ([]ledger.Cell, error) {
	p.mu.Lock()
	p.works++
	p.mu.Unlock()
	var cells []ledger.Cell
	for _, series := range p.series {
		if slices.ContainsFunc(done, func(c ledger.Cell) bool { return c.Instrument == series }) {
			continue
		}
		cell := ledger.Cell{Instrument: series, Timeframe: "1d", State: ledger.CellStored}
		if p.stubborn {
			time.Sleep(p.takes)
		} else if err := rest(ctx, p.takes); err != nil {
			return cells, err
		}
		if p.fails(series) {
			cell.State, cell.Reason = ledger.CellFailed, "provider down"
		}
		if err := (ledgerPort{p.books, p.around}).Commit(ctx, run, cell); err != nil {
			cell.State, cell.Reason = ledger.CellFailed, err.Error()
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

func (p *player) gate(t testing.TB) *scheduler.Gate {
	t.Helper()
	c := scheduler.GateConfig{
		Ledger: ledgerPort{p.books, p.around}, Markers: markerPort{p.keys, p.around}, Work: p.work, Now: time.Now,
		Logger: quiet(), Host: p.name, PID: 7,
	}
	if p.config != nil {
		p.config(&c)
	}
	gate, err := scheduler.NewGate(c)
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

func (p *player) ask(t testing.TB, ask scheduler.Ask) scheduler.Answer {
	t.Helper()
	answer, err := p.gate(t).Ask(t.Context(), p.slot, ask)
	if err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
	return answer
}

// clean fails the test if the ledger saw something that must never be.
func (b *bench) clean(t testing.TB) {
	t.Helper()
	for _, v := range b.books.violations {
		t.Error(v)
	}
}

// fault is an error at the n-th call (from 1) of an operation, before or after it was carried out.
func fault(op string, n int, after bool) hook {
	var mu sync.Mutex
	seen := 0
	return func(ctx context.Context, asked string, late bool) error {
		mu.Lock()
		defer mu.Unlock()
		if asked == op && late == after {
			if seen++; seen == n {
				return errDown
			}
		}
		return ctx.Err()
	}
}

// down is a hook under which all operations of a store fail.
func down(store string) hook {
	return func(ctx context.Context, op string, _ bool) error {
		if strings.HasPrefix(op, store) {
			return errDown
		}
		return ctx.Err()
	}
}

func TestTheFirstRunsAndTheSecondIsToldSoByOneGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		var steps []scheduler.Step
		first := b.player("a")
		first.config = func(c *scheduler.GateConfig) {
			c.OnStep = func(s scheduler.Step, r ledger.Run) {
				steps = append(steps, s)
				marker, _ := b.keys.get(b.slot)
				done := len(b.books.effective(b.slot)) == 1
				if marker.State == ledger.MarkerDone && !done {
					t.Errorf("at step %s the marker says done, the ledger does not", s)
				}
				if want := s == scheduler.StepFinished || s == scheduler.StepLeft; done != want {
					t.Errorf("at step %s the ledger says done=%v", s, done)
				}
			}
		}
		answer := first.ask(t, scheduler.Ask{Entry: "sync"})
		if answer.Outcome != scheduler.Ran || !answer.Done() || len(answer.Cells) != 3 || answer.Run.Attempt != 1 {
			t.Errorf("first: %+v", answer)
		}
		if want := []scheduler.Step{
			scheduler.StepMarked, scheduler.StepClaimed, scheduler.StepWorked, scheduler.StepFinished, scheduler.StepLeft,
		}; !slices.Equal(steps, want) {
			t.Errorf("steps %v, want %v", steps, want)
		}
		b.calls = nil
		other := b.player("b").gate(t)
		for _, cost := range [][]string{{"redis get", "ledger latest"}, {"redis get"}} { // evidence once, then one GET
			second, err := other.Ask(t.Context(), b.slot, scheduler.Ask{Entry: "api"})
			if err != nil || second.Outcome != scheduler.AlreadyRan || second.Run.ID != answer.Run.ID ||
				!second.Run.Finished.Equal(answer.Run.Finished) {
				t.Errorf("second: %+v, %v, want run %d", second, err, answer.Run.ID)
			}
			if !slices.Equal(b.calls, cost) {
				t.Errorf("a slot that is done cost %v, want %v", b.calls, cost)
			}
			b.calls = nil
		}
		time.Sleep(8 * 24 * time.Hour) // the marker has run out; the ledger remembers
		if late := b.player("c").ask(t, scheduler.Ask{}); late.Outcome != scheduler.AlreadyRan || b.works != 1 {
			t.Errorf("after eight days: %+v, %d works", late, b.works)
		}
		if marker, ok := b.keys.get(b.slot); !ok || marker.State != ledger.MarkerDone || marker.Run != answer.Run.ID {
			t.Errorf("the marker was not put back: %+v, %v", marker, ok)
		}
		b.clean(t)
	})
}

// TestACrowd lets twenty processes ask at once, with Redis up, down, and losing everything in mid-run.
func TestACrowd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook  hook
		flush bool
		none  bool
	}{"redis up": {}, "redis down": {hook: down("redis")}, "redis flushed": {flush: true}, "no redis": {none: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				var crowd sync.WaitGroup
				for range 20 {
					p := b.player("p")
					p.hook = c.hook
					p.config = func(g *scheduler.GateConfig) {
						if c.none {
							g.Markers = nil
						}
					}
					crowd.Go(func() {
						if answer := p.ask(t, scheduler.Ask{Entry: "sync"}); !answer.Done() || answer.Outcome == scheduler.Held {
							t.Errorf("somebody was answered %+v", answer)
						}
					})
				}
				for i := 0; c.flush && i < 12; i++ {
					time.Sleep(3 * time.Second)
					b.keys.flush()
				}
				crowd.Wait()
				if runs := b.books.runs(b.slot); len(runs) != 1 || b.works != 1 {
					t.Errorf("%d runs, %d works, want one: %v", len(runs), b.works, runs)
				}
				b.clean(t)
			})
		})
	}
}

// TestEveryLostReply loses the reply, or the question, of each operation in turn: the slot must end done, with one effective
// run, no cell twice, after at most one more call.
func TestEveryLostReply(t *testing.T) {
	t.Parallel()
	for _, op := range []string{
		"redis get", "redis claim", "redis extend", "redis done", "ledger claim", "ledger committed", "ledger commit", "ledger heartbeat",
		"ledger finish", "ledger latest",
	} {
		for n := 1; n <= 3; n++ {
			for _, after := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					b := newBench()
					p := b.player("a")
					p.takes = time.Minute
					p.hook = fault(op, n, after)
					answer := p.ask(t, scheduler.Ask{})
					if !answer.Done() { // a cell failed, or seemed to
						answer = b.player("b").ask(t, scheduler.Ask{})
					}
					if done := b.books.effective(b.slot); !answer.Done() || len(done) != 1 {
						t.Errorf("%s, call %d, after %v: %+v, %d effective runs", op, n, after, answer, len(done))
					}
					if again := b.player("c").ask(t, scheduler.Ask{}); again.Outcome != scheduler.AlreadyRan {
						t.Errorf("%s, call %d, after %v: then %+v", op, n, after, again)
					}
					b.clean(t)
				})
			}
		}
	}
}

// TestEveryCrash kills the holder at each call to the outside, before and after it took effect: another takes over, no cell
// that was committed is fetched again, and there is one effective run.
func TestEveryCrash(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		over := false
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			ctx, kill := context.WithCancel(t.Context())
			left := n
			p := b.player("a")
			p.hook = func(ctx context.Context, _ string, _ bool) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				if left--; left <= 0 {
					kill()
					return errDead
				}
				return ctx.Err()
			}
			_, _ = p.gate(t).Ask(ctx, b.slot, scheduler.Ask{})
			kill()
			over = left > 0
			began := time.Now()
			answer := b.player("b").ask(t, scheduler.Ask{})
			if done := b.books.effective(b.slot); !answer.Done() || len(done) != 1 {
				t.Errorf("killed at call %d: %+v, runs %v", n, answer, b.books.runs(b.slot))
			}
			if took := time.Since(began); took > 3*time.Minute {
				t.Errorf("killed at call %d: the take-over took %s", n, took)
			}
			b.clean(t)
		})
		if over {
			if n < 15 {
				t.Errorf("a run makes only %d calls", n)
			}
			return
		}
	}
}

// TestFlushAtEveryStep loses Redis at each call to the outside while another process asks all the time.
func TestFlushAtEveryStep(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 30; n++ {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			left := n
			p := b.player("a")
			p.hook = func(ctx context.Context, _ string, _ bool) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				if left--; left == 0 {
					b.keys.flush()
				}
				return ctx.Err()
			}
			var both sync.WaitGroup
			for _, player := range []*player{p, b.player("b"), b.player("c")} {
				both.Go(func() { player.ask(t, scheduler.Ask{}) })
			}
			both.Wait()
			if done := b.books.effective(b.slot); len(done) != 1 || b.works != 1 {
				t.Errorf("flushed at call %d: %d effective runs, %d works", n, len(done), b.works)
			}
			b.clean(t)
		})
	}
}

func TestAFailedRunLeavesNoMarkerAndOnlyWhatFailedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.fail = map[string]bool{"NQ": true}
		first := p.ask(t, scheduler.Ask{})
		if first.Run.State != ledger.StatePartial || !strings.Contains(first.Run.Reason, "NQ") {
			t.Errorf("first: %+v", first.Run)
		}
		if marker, ok := b.keys.get(b.slot); ok {
			t.Errorf("a partial run left the marker %+v", marker)
		}
		second := b.player("b").ask(t, scheduler.Ask{})
		if !second.Done() || second.Run.Attempt != 2 || len(second.Cells) != 3 {
			t.Errorf("second: %+v, want done as attempt 2 with all cells", second)
		}
		if cells := b.books.cells[second.Run.ID]; len(cells) != 1 || cells[0].Instrument != "NQ" {
			t.Errorf("the second attempt carried out %v, want NQ alone", cells)
		}
		b.clean(t)
	})
}

func TestWorkThatProvesNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]scheduler.Work{
		"no cells": func(context.Context, ledger.Run, []ledger.Cell) ([]ledger.Cell, error) { return nil, nil },
		"an error": func(context.Context, ledger.Run, []ledger.Cell) ([]ledger.Cell, error) {
			return nil, errors.New("the archive cannot be read")
		},
		"an error beside good cells": func(context.Context, ledger.Run, []ledger.Cell) ([]ledger.Cell, error) {
			return []ledger.Cell{{Instrument: "ES", State: ledger.CellStored}}, errors.New("the rest was not begun")
		},
		"empty answers": func(context.Context, ledger.Run, []ledger.Cell) ([]ledger.Cell, error) {
			return []ledger.Cell{{Instrument: "ES", State: ledger.CellEmpty}, {Instrument: "NQ", State: ledger.CellEmpty}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			p := b.player("a")
			p.config = func(c *scheduler.GateConfig) { c.Work = work }
			answer := p.ask(t, scheduler.Ask{})
			if answer.Done() || answer.Run.Reason == "" || len(b.books.effective(b.slot)) != 0 {
				t.Errorf("answer %+v", answer)
			}
			if _, ok := b.keys.get(b.slot); ok {
				t.Error("it left a marker")
			}
		})
	}
}
