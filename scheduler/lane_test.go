package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// asks notes when a scheduler asks for slots, and answers them.
type asks struct {
	mu     sync.Mutex
	at     []time.Time
	answer func(n int) (ledger.Run, error) // to the n-th, from 1
}

func (a *asks) run(_ context.Context, slot ledger.Slot, _ string) (ledger.Run, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
	run, err := a.answer(len(a.at))
	run.Job, run.Slot = slot.Job, slot
	return run, err
}

// pauses are the times between the asks.
func (a *asks) pauses() (all []time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.at[1:] {
		all = append(all, a.at[i+1].Sub(a.at[i]))
	}
	return all
}

// TestAGateThatCannotTellIsAskedLessAndLess: the ledger may be back at any moment, and must not be held down by those who wait.
func TestAGateThatCannotTellIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		gate := &asks{answer: func(int) (ledger.Run, error) { return ledger.Run{}, errors.New("connection refused") }}
		w.change = func(c *scheduler.Config) { c.RunSlot = gate.run }
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		got := gate.pauses()
		if len(got) < 25 || len(got) > 40 {
			t.Fatalf("asked %d times within an hour, want every two minutes in the end", len(got))
		}
		for i, want := range []time.Duration{10, 20, 40, 80, 120, 120, 120} {
			if want *= time.Second; got[i] < want*8/10 || got[i] > want*12/10+time.Second {
				t.Errorf("pause %d is %s, want about %s", i+1, got[i], want)
			}
		}
	})
}

// TestFailuresAndAGateThatCannotTellAreTwoThings: after an attempt that failed the pauses of the ledger begin anew.
func TestFailuresAndAGateThatCannotTellAreTwoThings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		gate := &asks{answer: func(n int) (ledger.Run, error) {
			if n == 5 {
				return ledger.Run{ID: 1, State: ledger.StateFailed, Attempt: 1}, nil
			}
			return ledger.Run{}, errors.New("connection refused")
		}}
		w.change = func(c *scheduler.Config) { c.RunSlot = gate.run }
		stop := w.open(t, w.Player("a"))
		time.Sleep(10 * time.Minute)
		stop()
		if got := gate.pauses(); len(got) < 6 || got[4] != time.Minute || got[5] > 15*time.Second {
			t.Errorf("the pauses are %v, want a minute after the fifth and ten seconds after the sixth", got)
		}
	})
}

// TestASlotAtTheEdgeOfItsCatchUp is begun: CATCH_UP=1h means an hour.
func TestASlotAtTheEdgeOfItsCatchUp(t *testing.T) {
	t.Parallel()
	for start, runs := range map[string]int{"2026-11-22 15:05": 1, "2026-11-22 15:06": 0} {
		synctest.Test(t, func(t *testing.T) {
			w := newTown(t, start, "14:05")
			w.plans[0].CatchUp = time.Hour
			stop := w.open(t, w.Player("a"))
			time.Sleep(time.Hour)
			stop()
			if got := w.history(); len(got) != runs {
				t.Errorf("started at %s it ran %v", start, got)
			}
		})
	}
}

// broken is a trigger that cannot be armed.
type broken struct{}

func (broken) Arm(time.Time) (<-chan struct{}, func(), error) {
	return nil, nil, errors.New("no timer is left")
}

// TestASlotComesThoughNothingFires: the scheduler's own clock finds it within a minute, it counts as one of the schedule, which
// no window of catching up leaves out, and a trigger that cannot be armed is in the log.
func TestASlotComesThoughNothingFires(t *testing.T) {
	t.Parallel()
	for name, trigger := range map[string]scheduler.Trigger{"it is deaf": deaf{}, "it is broken": broken{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, "2026-11-22 13:00", "14:05")
				w.plans[0].CatchUp = time.Second
				var log bytes.Buffer
				w.change = func(c *scheduler.Config) {
					c.Trigger, c.Logger = trigger, slog.New(slog.NewTextHandler(&log, nil))
					c.CheckEvery = 55 * time.Second // so that no look falls on the slot
				}
				stop := w.open(t, w.Player("a"))
				time.Sleep(2 * time.Hour)
				stop()
				if got := w.history(); len(got) != 1 || !strings.HasPrefix(got[0], "2026-11-22:0 schedule done 22 14:05:") {
					t.Errorf("runs %v, want that of 14:05 within a minute", got)
				}
				if said := strings.Contains(log.String(), "no timer is left"); said != (trigger == broken{}) {
					t.Errorf("the log says:\n%s", &log)
				}
			})
		})
	}
}

// journal is a log that is read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestSmallStepsOfTheClockAreNoJump: it is corrected all the time, and no slot becomes one to catch up by that.
func TestSmallStepsOfTheClockAreNoJump(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 13:00", "14:05")
		var log journal
		w.change = func(c *scheduler.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
		stop := w.open(t, w.Player("a"))
		for i := range 30 {
			time.Sleep(5 * time.Minute)
			w.jump([]time.Duration{29 * time.Second, -29 * time.Second}[i%2])
		}
		if strings.Contains(log.String(), "the clock jumped") {
			t.Errorf("the log says:\n%s", &log)
		}
		w.jump(time.Minute)
		time.Sleep(5 * time.Minute)
		stop()
		if n := strings.Count(log.String(), "the clock jumped"); n != 1 {
			t.Errorf("%d jumps are in the log, want that of a minute:\n%s", n, &log)
		}
	})
}

// TestStoppingWaitsForTheRun: whoever stops the scheduler closes the database next, and the run's end must be in it by then.
func TestStoppingWaitsForTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(15 * time.Second)
		stop()
		if runs := w.Ledger.All(); len(runs) != 1 || runs[0].State != ledger.StateStopped {
			t.Errorf("after the stop the ledger has %+v", runs)
		}
	})
}

// TestAReplicaGoesOnSoonAfterAnothersPause: it leaves the pause of the other's attempt, and not much more, also when the other is
// gone by then.
func TestAReplicaGoesOnSoonAfterAnothersPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		var stops []func()
		for _, c := range []struct {
			name   string
			random float64
		}{{"early", 0}, {"late", 0.99}} {
			w.change = func(config *scheduler.Config) { config.Random = func() float64 { return c.random } }
			p := w.Player(c.name)
			p.Takes = 5 * time.Second
			p.Fail("ES", "NQ", "CL")
			stops = append(stops, w.open(t, p))
		}
		time.Sleep(2 * time.Minute) // both know of the second attempt
		stops[0]()
		time.Sleep(20 * time.Minute)
		stops[1]()
		runs := w.Ledger.All()
		if len(runs) < 3 || runs[1].Host != "early" || runs[2].Host != "late" {
			t.Fatalf("runs %+v", runs)
		}
		pause := runs[2].Started.Sub(runs[1].Finished)
		if least, most := 96*time.Second, (96+30)*time.Second; pause < least || pause > most {
			t.Errorf("the third attempt began %s after the second, want between %s and %s", pause, least, most)
		}
	})
}

// TestPausesThatDoNotGrowAreAllowed: who sets both to the same wants to ask steadily.
func TestPausesThatDoNotGrowAreAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		gate := &asks{answer: func(n int) (ledger.Run, error) {
			return ledger.Run{ID: int64(n), State: ledger.StateFailed, Attempt: n}, nil
		}}
		w.change = func(c *scheduler.Config) {
			c.RunSlot, c.RetryFirst, c.RetryMost = gate.run, 10*time.Minute, 10*time.Minute
		}
		stop := w.open(t, w.Player("a"))
		time.Sleep(65 * time.Minute)
		stop()
		if got := gate.pauses(); len(got) != 6 {
			t.Errorf("the pauses are %v, want ten minutes each", got)
		}
	})
}

// counting is a trigger that counts what is armed and not taken back.
type counting struct {
	scheduler.Timer
	armed, taken *atomic.Int32
}

func (c counting) Arm(at time.Time) (<-chan struct{}, func(), error) {
	fired, disarm, err := c.Timer.Arm(at)
	c.armed.Add(1)
	return fired, func() { c.taken.Add(1); disarm() }, err
}

// TestNothingStaysArmed: a worker that runs for years would drown in its own firings. Nor does a calm day complain of the
// trigger.
func TestNothingStaysArmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:00", "14:05", "18:00")
		var armed, taken atomic.Int32
		var log journal
		w.change = func(c *scheduler.Config) {
			c.Trigger, c.Logger = counting{scheduler.Timer{Now: w.now}, &armed, &taken}, slog.New(slog.NewTextHandler(&log, nil))
		}
		stop := w.open(t, w.Player("a"))
		time.Sleep(24 * time.Hour)
		stop()
		if n := armed.Load(); n < 2 || taken.Load() != n {
			t.Errorf("%d firings were armed, %d taken back", n, taken.Load())
		}
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("the log says:\n%s", &log)
		}
	})
}
