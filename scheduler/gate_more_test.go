package scheduler_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		var holder sync.WaitGroup
		holder.Go(func() { b.player("a").ask(t, scheduler.Ask{}) })
		time.Sleep(time.Second)
		if answer := b.player("b").ask(t, scheduler.Ask{NoWait: true}); answer.Outcome != scheduler.Held || answer.Run.Host != "a" || answer.Run.ID == 0 {
			t.Errorf("without waiting: %+v, want held by a", answer)
		}
		began := time.Now()
		answer := b.player("c").ask(t, scheduler.Ask{Wait: 5 * time.Second})
		if took := time.Since(began); answer.Outcome != scheduler.Held || took != 5*time.Second {
			t.Errorf("after %s: %+v, want held after 5 s", took, answer)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if answer, err := b.player("d").gate(t).Ask(ctx, b.slot, scheduler.Ask{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that went away got %+v, %v", answer, err)
		}
		if answer := b.player("e").ask(t, scheduler.Ask{}); answer.Outcome != scheduler.WaitedFor || !answer.Done() {
			t.Errorf("who waited got %+v", answer)
		}
		holder.Wait()
		b.clean(t)
	})
}

func TestForcedRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		first := b.player("a").ask(t, scheduler.Ask{Force: true})
		if first.Run.Forced {
			t.Error("forcing a slot that was not done made a forced run: the slot would stay undone")
		}
		b.player("a").ask(t, scheduler.Ask{})
		var two sync.WaitGroup
		for range 2 {
			two.Go(func() {
				answer := b.player("b").ask(t, scheduler.Ask{Force: true})
				cells := b.books.cellsOf(answer.Run.ID)
				if answer.Outcome != scheduler.Ran || !answer.Run.Forced || !answer.Done() || len(cells) != 3 {
					t.Errorf("forced: %+v with the cells %v, want all of them again", answer, cells)
				}
			})
		}
		time.Sleep(time.Second)
		if answer := b.player("c").ask(t, scheduler.Ask{}); answer.Outcome != scheduler.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("during the forced run: %+v, want run %d", answer, first.Run.ID)
		}
		two.Wait()
		runs := b.books.runs(b.slot)
		if len(runs) != 3 || len(b.books.effective(b.slot)) != 1 {
			t.Fatalf("runs %v", runs)
		}
		if runs[2].Started.Before(runs[1].Finished) {
			t.Errorf("two forced runs at once: %v and %v", runs[1], runs[2])
		}
		b.clean(t)
	})
}

// TestAForcedRunLeavesTheMarkerAlone also when Redis has lost it: a lease would make others wait for what is done.
func TestAForcedRunLeavesTheMarkerAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		first := b.player("a").ask(t, scheduler.Ask{})
		var forced sync.WaitGroup
		forced.Go(func() { b.player("b").ask(t, scheduler.Ask{Force: true}) })
		time.Sleep(time.Second)
		b.keys.flush()
		time.Sleep(20 * time.Second) // longer than a heartbeat
		if marker, ok := b.keys.get(b.slot); ok {
			t.Errorf("it wrote %+v", marker)
		}
		if answer := b.player("c").ask(t, scheduler.Ask{}); answer.Outcome != scheduler.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("beside it: %+v, want run %d", answer, first.Run.ID)
		}
		forced.Wait()
	})
}

// TestAStoppedRunIsTakenOver by a replica that waits for it: it is no failure that all should wait after.
func TestAStoppedRunIsTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, stop)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			time.Sleep(time.Second)
			if answer := b.player("b").ask(t, scheduler.Ask{Join: true}); answer.Outcome != scheduler.Ran || !answer.Done() {
				t.Errorf("who waited: %+v", answer)
			}
		})
		if answer, err := b.player("a").gate(t).Ask(ctx, b.slot, scheduler.Ask{}); err != nil || !answer.Run.Stopped() {
			t.Errorf("who was stopped: %+v, %v", answer, err)
		}
		waiting.Wait()
		b.clean(t)
	})
}

// TestAStoppedRunGoesOnAtOnce cancels in mid-work.
func TestAStoppedRunGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, stop) // ES is committed, NQ in flight
		began := time.Now()
		answer, err := b.player("a").gate(t).Ask(ctx, b.slot, scheduler.Ask{})
		if err != nil || answer.Run.State != ledger.StatePartial || !answer.Run.Stopped() {
			t.Errorf("stopped: %+v, %v", answer, err)
		}
		if took := time.Since(began) - 15*time.Second; took > time.Second {
			t.Errorf("stopping took %s", took)
		}
		if _, ok := b.keys.get(b.slot); ok {
			t.Error("the lease was not given back")
		}
		began = time.Now()
		next := b.player("b").ask(t, scheduler.Ask{})
		if took := time.Since(began); !next.Done() || took > 21*time.Second {
			t.Errorf("the next one: %+v after %s, want done after the two series that were left", next, took)
		}
		b.clean(t)
	})
}

// TestStoppingWithoutALedger must end in time, though nothing can be recorded.
func TestStoppingWithoutALedger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		ctx, stop := context.WithCancel(t.Context())
		p := b.player("a")
		var hung atomic.Bool
		p.hook = func(ctx context.Context, op string, _ bool) error {
			if hung.Load() {
				<-ctx.Done() // neither the ledger nor Redis answers
			}
			return ctx.Err()
		}
		time.AfterFunc(15*time.Second, func() { hung.Store(true); stop() })
		began := time.Now()
		_, err := p.gate(t).Ask(ctx, b.slot, scheduler.Ask{})
		if took := time.Since(began) - 15*time.Second; err == nil || took > 8*time.Second {
			t.Errorf("stopping took %s: %v, want an error within 8 s", took, err)
		}
		if answer := b.player("b").ask(t, scheduler.Ask{}); !answer.Done() || len(b.books.runs(b.slot)) != 2 {
			t.Errorf("the next one: %+v", answer)
		}
		b.clean(t)
	})
}

// TestALateCommitIsRefused: work that does not look at its context commits a cell of a run that was taken over.
func TestALateCommitIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.stubborn, p.takes = true, 3*time.Minute
		p.hook = func(ctx context.Context, op string, _ bool) error {
			if op != "ledger commit" {
				return ctx.Err()
			}
			return nil
		}
		var dead atomic.Bool
		alive := p.hook
		p.hook = func(ctx context.Context, op string, after bool) error {
			if dead.Load() && strings.HasSuffix(op, "heartbeat") {
				return errDown // it cannot learn that it was taken over
			}
			return alive(ctx, op, after)
		}
		var late sync.WaitGroup
		late.Go(func() { p.ask(t, scheduler.Ask{}) })
		time.Sleep(time.Second)
		dead.Store(true)
		b.keys.flush()
		if answer := b.player("b").ask(t, scheduler.Ask{}); answer.Outcome != scheduler.Ran || !answer.Done() {
			t.Errorf("who took over: %+v", answer)
		}
		late.Wait()
		if runs := b.books.runs(b.slot); len(runs) != 2 || len(b.books.cells[runs[0].ID]) != 0 {
			t.Errorf("the run that was taken over has the cells %v", b.books.cells[1])
		}
		b.clean(t)
	})
}

// TestAZombie sleeps past its lease and wakes up while another runs the slot: its commit is refused, its work is stopped,
// and it is told what the other came to.
func TestAZombie(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.takes = 10 * time.Minute
		wake := time.Now().Add(115 * time.Second)
		p.hook = func(ctx context.Context, op string, _ bool) error {
			if left := time.Until(wake); left > 0 && left < 110*time.Second { // suspended from 5 s on
				time.Sleep(left)
			}
			return nil // what was sent when the lights went out arrives
		}
		var zombie sync.WaitGroup
		zombie.Go(func() {
			answer := p.ask(t, scheduler.Ask{})
			if answer.Outcome != scheduler.WaitedFor || !answer.Done() || answer.Run.Host != "b" {
				t.Errorf("the zombie was told %+v, want the run of b", answer)
			}
		})
		time.Sleep(20 * time.Second)
		if answer := b.player("b").ask(t, scheduler.Ask{}); answer.Outcome != scheduler.Ran || !answer.Done() || answer.Run.Attempt != 2 {
			t.Errorf("who took over: %+v", answer)
		}
		zombie.Wait()
		if time.Since(wake) > 40*time.Second {
			t.Errorf("the zombie's work went on for %s", time.Since(wake))
		}
		if runs := b.books.runs(b.slot); len(runs) != 2 || runs[0].State != ledger.StateAbandoned || len(b.books.cells[runs[0].ID]) != 0 {
			t.Errorf("runs %v with cells %v", runs, b.books.cells)
		}
		b.clean(t)
	})
}

// TestFailingOneAfterTheOther: of a crowd of callers that wait, one tries again and the others are told.
func TestFailingOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask   scheduler.Ask
		works int
	}{"callers": {scheduler.Ask{}, 2}, "replicas": {scheduler.Ask{Join: true}, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				var crowd sync.WaitGroup
				for range 12 {
					p := b.player("p")
					p.fail = map[string]bool{"ES": true, "NQ": true, "CL": true}
					crowd.Go(func() {
						if answer := p.ask(t, c.ask); answer.Run.State != ledger.StateFailed || answer.Run.ID == 0 {
							t.Errorf("somebody was answered %+v", answer)
						}
					})
				}
				crowd.Wait()
				if b.works != c.works {
					t.Errorf("the failing provider was asked by %d runs, want %d", b.works, c.works)
				}
				if answer := b.player("late").ask(t, scheduler.Ask{}); !answer.Done() {
					t.Errorf("the next caller: %+v", answer)
				}
			})
		})
	}
}

// TestMarkersThatAreWrong: nobody's markers must not keep a slot from being run.
func TestMarkersThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		marker ledger.Marker
		most   time.Duration
	}{
		"unreadable":             {ledger.Marker{}, 3 * time.Minute},
		"of a process long gone": {ledger.Marker{State: ledger.MarkerLease, Token: "x", Host: "gone"}, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.keys.set(b.slot, c.marker, 1000*time.Hour)
				began := time.Now()
				answer := b.player("a").ask(t, scheduler.Ask{})
				if took := time.Since(began); !answer.Done() || took > c.most {
					t.Errorf("after %s: %+v", took, answer)
				}
				if marker, _ := b.keys.get(b.slot); marker.State != ledger.MarkerDone {
					t.Errorf("the marker still is %+v", marker)
				}
			})
		})
	}
}

// TestTheMarkerOfARunThatEnded is one that could not be given back: the next caller does not wait for it to run out.
func TestTheMarkerOfARunThatEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.fail = map[string]bool{"ES": true}
		p.hook = fault("redis release", 1, false)
		p.ask(t, scheduler.Ask{})
		if _, ok := b.keys.get(b.slot); !ok {
			t.Fatal("the marker was given back after all")
		}
		began := time.Now()
		if answer := b.player("b").ask(t, scheduler.Ask{}); !answer.Done() || time.Since(began) > 11*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), answer)
		}
	})
}

func TestTheDeadlineEndsARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.takes = time.Hour
		answer := p.ask(t, scheduler.Ask{})
		if answer.Run.State != ledger.StatePartial || !strings.Contains(answer.Run.Reason, "deadline") || answer.Run.Stopped() {
			t.Errorf("a run of three hours: %+v", answer.Run)
		}
		if next := b.player("b").ask(t, scheduler.Ask{}); !next.Done() {
			t.Errorf("the next one: %+v", next)
		}
		b.clean(t)
	})
}

func TestALedgerThatIsDownIsAnErrorAndNoRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.hook = down("ledger")
		if answer, err := p.gate(t).Ask(t.Context(), b.slot, scheduler.Ask{}); !errors.Is(err, errDown) || b.works != 0 {
			t.Errorf("%+v, %v, %d works", answer, err, b.works)
		}
		if _, ok := b.keys.get(b.slot); ok {
			t.Error("the marker was kept")
		}
	})
}

func TestMaintenanceWaitsForTheImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.books.add(ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning}, 10*time.Minute) // ad hoc
		began := time.Now()
		if err := b.player("a").gate(t).WaitIdle(t.Context(), ledger.JobImport); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 10*time.Minute+3*time.Second {
			t.Errorf("waited %s for a run whose lease lasts ten minutes", took)
		}
		if err := b.player("a").gate(t).WaitIdle(t.Context(), ledger.JobImport); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.books.add(ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning}, time.Hour)
		if err := b.player("a").gate(t).WaitIdle(ctx, ledger.JobImport); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away got %v", err)
		}
	})
}

func TestTheGateRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*scheduler.GateConfig)
		names  string
	}{
		"a lease longer than the deadline": {func(c *scheduler.GateConfig) { c.Lease, c.Deadline = time.Hour, time.Minute }, "1h0m0s"},
		"a heartbeat too slow":             {func(c *scheduler.GateConfig) { c.Heartbeat = 40 * time.Second }, "40s"},
		"a negative time":                  {func(c *scheduler.GateConfig) { c.Poll = -time.Second }, "Poll"},
		"a marker gone too soon":           {func(c *scheduler.GateConfig) { c.MarkerTTL = time.Minute }, "1m0s"},
		"no ledger":                        {func(c *scheduler.GateConfig) { c.Ledger = nil }, "Ledger"},
		"no work":                          {func(c *scheduler.GateConfig) { c.Work = nil }, "Work"},
	} {
		b := newBench()
		p := b.player("a")
		config := scheduler.GateConfig{Ledger: ledgerPort{b.books, nil}, Work: p.work, Now: time.Now, Logger: quiet()}
		c.change(&config)
		if gate, err := scheduler.NewGate(config); err == nil || gate != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v, want an error that names %s", name, err, c.names)
		}
	}
	b := newBench()
	b.slot.Date = "yesterday"
	if _, err := b.player("a").gate(t).Ask(t.Context(), b.slot, scheduler.Ask{}); !errors.Is(err, ledger.ErrSlot) {
		t.Errorf("a slot that is none: %v", err)
	}
}
