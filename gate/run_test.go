package gate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

func TestTheFirstRunsAndTheSecondIsToldSoByOneGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		var steps []gate.Step
		first := b.Player("a")
		first.Config = func(c *gate.Config) {
			c.OnStep = func(s gate.Step, r ledger.Run) {
				steps = append(steps, s)
				marker, _ := b.Markers.Of(b.Slot)
				done := len(b.Ledger.Effective(b.Slot)) == 1
				if marker.State == ledger.MarkerDone && !done {
					t.Errorf("at step %s the marker says done, the ledger does not", s)
				}
				if want := s == gate.StepFinished || s == gate.StepLeft; done != want {
					t.Errorf("at step %s the ledger says done=%v", s, done)
				}
			}
		}
		answer := first.RunSlot(t, gate.SlotRequest{Entry: "sync"})
		if answer.Outcome != gate.Ran || !answer.Done() || len(answer.Cells) != 3 || answer.Run.Attempt != 1 {
			t.Errorf("first: %+v", answer)
		}
		if want := []gate.Step{
			gate.StepMarked, gate.StepClaimed, gate.StepWorked, gate.StepFinished, gate.StepLeft,
		}; !slices.Equal(steps, want) {
			t.Errorf("steps %v, want %v", steps, want)
		}
		b.Calls()
		other := b.Player("b").Gate(t)
		for _, cost := range [][]string{{"redis get", "ledger latest"}, {"redis get"}} { // evidence once, then one GET
			second, err := other.RunSlot(t.Context(), b.Slot, gate.SlotRequest{Entry: "api"})
			if err != nil || second.Outcome != gate.AlreadyRan || second.Run.ID != answer.Run.ID ||
				!second.Run.Finished.Equal(answer.Run.Finished) {
				t.Errorf("second: %+v, %v, want run %d", second, err, answer.Run.ID)
			}
			if calls := b.Calls(); !slices.Equal(calls, cost) {
				t.Errorf("a slot that is done cost %v, want %v", calls, cost)
			}
		}
		time.Sleep(8 * 24 * time.Hour) // the marker has run out; the ledger remembers
		if late := b.Player("c").RunSlot(t, gate.SlotRequest{}); late.Outcome != gate.AlreadyRan || b.Works() != 1 {
			t.Errorf("after eight days: %+v, %d works", late, b.Works())
		}
		if marker, ok := b.Markers.Of(b.Slot); !ok || marker.State != ledger.MarkerDone || marker.Run != answer.Run.ID {
			t.Errorf("the marker was not put back: %+v, %v", marker, ok)
		}
		b.Clean(t)
	})
}

// TestACrowd lets twenty processes ask at once, with Redis up, down, and losing everything in mid-run.
func TestACrowd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook  gatetest.Hook
		flush bool
		none  bool
	}{"redis up": {}, "redis down": {hook: gatetest.Down("redis")}, "redis flushed": {flush: true}, "no redis": {none: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				var crowd sync.WaitGroup
				for range 20 {
					p := b.Player("p")
					p.Hook = c.hook
					p.Config = func(g *gate.Config) {
						if c.none {
							g.Markers = nil
						}
					}
					crowd.Go(func() {
						if answer := p.RunSlot(t, gate.SlotRequest{Entry: "sync"}); !answer.Done() || answer.Outcome == gate.Held {
							t.Errorf("somebody was answered %+v", answer)
						}
					})
				}
				for i := 0; c.flush && i < 12; i++ {
					time.Sleep(3 * time.Second)
					b.Markers.Flush()
				}
				crowd.Wait()
				if runs := b.Ledger.RunsOf(b.Slot); len(runs) != 1 || b.Works() != 1 {
					t.Errorf("%d runs, %d works, want one: %v", len(runs), b.Works(), runs)
				}
				b.Clean(t)
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
					b := gatetest.NewBench(time.Now)
					p := b.Player("a")
					p.Takes = time.Minute
					p.Hook = gatetest.Fault(op, n, after)
					answer := p.RunSlot(t, gate.SlotRequest{})
					if !answer.Done() { // a cell failed, or seemed to
						answer = b.Player("b").RunSlot(t, gate.SlotRequest{})
					}
					if done := b.Ledger.Effective(b.Slot); !answer.Done() || len(done) != 1 {
						t.Errorf("%s, call %d, after %v: %+v, %d effective runs", op, n, after, answer, len(done))
					}
					if again := b.Player("c").RunSlot(t, gate.SlotRequest{}); again.Outcome != gate.AlreadyRan {
						t.Errorf("%s, call %d, after %v: then %+v", op, n, after, again)
					}
					b.Clean(t)
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
			b := gatetest.NewBench(time.Now)
			ctx, kill := context.WithCancel(t.Context())
			left, mu := n, sync.Mutex{}
			p := b.Player("a")
			p.Hook = func(ctx context.Context, _ string, _ bool) error {
				mu.Lock()
				defer mu.Unlock()
				if left--; left <= 0 {
					kill()
					return gatetest.ErrDead
				}
				return ctx.Err()
			}
			_, _ = p.Gate(t).RunSlot(ctx, b.Slot, gate.SlotRequest{})
			kill()
			over = left > 0
			began := time.Now()
			answer := b.Player("b").RunSlot(t, gate.SlotRequest{})
			if done := b.Ledger.Effective(b.Slot); !answer.Done() || len(done) != 1 {
				t.Errorf("killed at call %d: %+v, runs %v", n, answer, b.Ledger.RunsOf(b.Slot))
			}
			if took := time.Since(began); took > 3*time.Minute {
				t.Errorf("killed at call %d: the take-over took %s", n, took)
			}
			b.Clean(t)
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
			b := gatetest.NewBench(time.Now)
			left, mu := n, sync.Mutex{}
			p := b.Player("a")
			p.Hook = func(ctx context.Context, _ string, _ bool) error {
				mu.Lock()
				defer mu.Unlock()
				if left--; left == 0 {
					b.Markers.Flush()
				}
				return ctx.Err()
			}
			var both sync.WaitGroup
			for _, player := range []*gatetest.Player{p, b.Player("b"), b.Player("c")} {
				both.Go(func() { player.RunSlot(t, gate.SlotRequest{}) })
			}
			both.Wait()
			if done := b.Ledger.Effective(b.Slot); len(done) != 1 || b.Works() != 1 {
				t.Errorf("flushed at call %d: %d effective runs, %d works", n, len(done), b.Works())
			}
			b.Clean(t)
		})
	}
}

func TestAFailedRunLeavesNoMarkerAndOnlyWhatFailedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Fail("NQ")
		first := p.RunSlot(t, gate.SlotRequest{})
		if first.Run.State != ledger.StatePartial || !strings.Contains(first.Run.Reason, "NQ") {
			t.Errorf("first: %+v", first.Run)
		}
		if marker, ok := b.Markers.Of(b.Slot); ok {
			t.Errorf("a partial run left the marker %+v", marker)
		}
		second := b.Player("b").RunSlot(t, gate.SlotRequest{})
		if !second.Done() || second.Run.Attempt != 2 || len(second.Cells) != 1 {
			t.Errorf("second: %+v, want done as attempt 2 with the cell of this attempt", second)
		}
		if cells := b.Ledger.CellsOf(second.Run.ID); len(cells) != 1 || cells[0].Instrument != "NQ" {
			t.Errorf("the second attempt carried out %v, want NQ alone", cells)
		}
		b.Clean(t)
	})
}

func TestWorkThatProvesNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]gate.Work{
		"no cells": func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
			return nil, nil
		},
		"an error": func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
			return nil, errors.New("the archive cannot be read")
		},
		"an error beside good cells": func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
			return []ledger.Cell{{Instrument: "ES", State: ledger.CellStored}}, errors.New("the rest was not begun")
		},
		"empty answers": func(context.Context, ledger.Run, []ledger.Cell, func(ledger.Event)) ([]ledger.Cell, error) {
			return []ledger.Cell{{Instrument: "ES", State: ledger.CellEmpty}, {Instrument: "NQ", State: ledger.CellEmpty}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gatetest.NewBench(time.Now)
			p := b.Player("a")
			p.Config = func(c *gate.Config) { c.Work = work }
			answer := p.RunSlot(t, gate.SlotRequest{})
			if answer.Done() || answer.Run.Reason == "" || len(b.Ledger.Effective(b.Slot)) != 0 {
				t.Errorf("answer %+v", answer)
			}
			if _, ok := b.Markers.Of(b.Slot); ok {
				t.Error("it left a marker")
			}
		})
	}
}
