package scheduler_test

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/notify"
	"barkeep/scheduler"
)

func TestSlotsFireAtTheirTimesOverBothChangesOfTheClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from  string
		times []string
		want  []string
	}{
		"spring, 14:05": {"2026-03-06 14:05", []string{"14:05"}, []string{
			"2026-03-06:0 schedule done 06 14:05:00", "2026-03-07:0 schedule done 07 14:05:00", "2026-03-08:0 schedule done 08 14:05:00",
			"2026-03-09:0 schedule done 09 14:05:00",
		}},
		"spring, 02:30 and 03:00": {"2026-03-07 02:30", []string{"02:30", "03:00"}, []string{
			"2026-03-07:0 schedule done 07 02:30:00", "2026-03-07:1 schedule done 07 03:00:00", "2026-03-08:0 schedule done 08 03:00:00",
			"2026-03-08:1 schedule done 08 03:00:30", // waits until the slot a second before it is done
			"2026-03-09:0 schedule done 09 02:30:00", "2026-03-09:1 schedule done 09 03:00:00",
		}},
		"autumn, 01:30": {"2026-10-31 01:30", []string{"01:30"}, []string{
			"2026-10-31:0 schedule done 31 01:30:00", "2026-11-01:0 schedule done 01 01:30:00", "2026-11-02:0 schedule done 02 01:30:00",
			"2026-11-03:0 schedule done 03 01:30:00",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, c.from, c.times...)
				stop := w.open(t, w.Player("a"))
				time.Sleep(76 * time.Hour)
				stop()
				got := w.history()
				want(t, "runs", got[:min(len(got), len(c.want))], c.want)
				if len(w.Kinds()) > 0 {
					t.Errorf("people were told %v", w.Kinds())
				}
			})
		})
	}
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-18 14:00", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		w.open(t, w.Player("a"))() // a restart with nothing to do
		time.Sleep(90 * time.Hour) // down until the 22nd, 09:00
		stop = w.open(t, w.Player("b"))
		time.Sleep(3 * time.Hour)
		stop()
		want(t, "runs", slices.Sorted(slices.Values(w.history())), []string{
			"2026-11-17:0 catch-up done 18 14:00:00", "2026-11-18:0 schedule done 18 14:05:00", "2026-11-19:0  missed 22 09:00:00",
			"2026-11-20:0  missed 22 09:00:00", "2026-11-21:0 catch-up done 22 09:00:00",
		})
		want(t, "notices", w.Kinds(), []string{"import:2026-11-20T22:05Z several"})
	})
}

func TestCatchUpWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start string
		runs  []string
		told  []string
	}{
		"within": {"2026-11-22 15:00", []string{"2026-11-22:0 catch-up done 22 15:00:00"}, nil},
		"after":  {"2026-11-22 15:06", nil, nil}, // never promised by an installation that did not exist
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, c.start, "14:05")
				w.plans[0].CatchUp = time.Hour
				stop := w.open(t, w.Player("a"))
				time.Sleep(3 * time.Hour)
				stop()
				want(t, "runs", w.history(), c.runs)
				want(t, "notices", w.Kinds(), c.told)
			})
		})
	}
}

// TestASlotThatComesWhileAnotherRuns is begun late, whatever the window: nobody was down.
func TestASlotThatComesWhileAnotherRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05", "14:06")
		w.plans[0].CatchUp = time.Minute
		p := w.Player("a")
		p.Takes = time.Minute
		stop := w.open(t, p)
		time.Sleep(time.Hour)
		stop()
		want(t, "runs", w.history(), []string{"2026-11-22:0 schedule done 22 14:05:00", "2026-11-22:1 schedule done 22 14:08:00"})
	})
}

func TestAProcessThatDiesIsTakenOverAndReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		first := w.Player("a")
		var dead atomic.Bool
		first.Hook = func(ctx context.Context, op string, _ bool) error {
			if dead.Load() {
				return gatetest.ErrDead
			}
			return ctx.Err()
		}
		stopFirst := w.open(t, first)
		time.Sleep(15 * time.Second) // one series is committed
		dead.Store(true)
		stopFirst()
		stop := w.open(t, w.Player("b"))
		time.Sleep(5 * time.Minute)
		stop()
		want(t, "notices", w.Kinds(), []string{"import:2026-11-22T22:05Z abandoned", "import:2026-11-22T22:05Z mended"})
		runs := w.Ledger.All()
		if len(runs) != 2 || runs[0].State != ledger.StateAbandoned || runs[1].State != ledger.StateDone || len(w.Ledger.CellsOf(2)) != 2 {
			t.Errorf("runs %v, cells %v", w.history(), w.Ledger.CellsOf(2))
		}
	})
}

func TestGrowingPausesUntilTheNextSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		p := w.Player("a")
		p.Fail("NQ")
		stop := w.open(t, p)
		time.Sleep(20*time.Hour + 55*time.Minute)
		got := w.history()
		want(t, "the first runs", got[:min(7, len(got))], []string{
			"2026-11-22:0 schedule partial 22 14:05:00", "2026-11-22:0 retry partial 22 14:06:30", "2026-11-22:0 retry partial 22 14:08:40",
			"2026-11-22:0 retry partial 22 14:12:50", "2026-11-22:0 retry partial 22 14:21:00", "2026-11-22:0 retry partial 22 14:37:10",
			"2026-11-22:0 retry partial 22 15:07:20",
		})
		if n := len(got); n < 40 || n > 46 {
			t.Errorf("%d attempts until 11:00 the next day, want one every half an hour", n)
		}
		synctest.Wait()
		for _, run := range w.Ledger.All()[1:] {
			cells := w.Ledger.CellsOf(run.ID)
			if run.State != ledger.StateRunning && (len(cells) != 1 || cells[0].Instrument != "NQ") {
				t.Errorf("attempt %d carried out %v, want NQ alone", run.Attempt, cells)
			}
		}
		want(t, "notices", w.Kinds(), []string{"import:2026-11-22T22:05Z partial"})
		time.Sleep(4 * time.Hour) // the next slot begins
		p.Heal("NQ")
		time.Sleep(2 * time.Hour)
		stop()
		want(t, "notices", w.Kinds(), []string{
			"import:2026-11-22T22:05Z partial", "import:2026-11-23T22:05Z mended", "import:2026-11-23T22:05Z partial",
		})
		if len(w.Ledger.Effective(slotOf(23))) != 1 {
			t.Errorf("the next slot: %v", w.history())
		}
		if got := maps.Collect(counted(w.Pings())); got[notify.PingStart] != got[notify.PingFailure]+1 || got[notify.PingSuccess] != 1 {
			t.Errorf("pings %v", got)
		}
	})
}

func counted[T comparable](all []T) func(func(T, int) bool) {
	n := map[T]int{}
	for _, one := range all {
		n[one]++
	}
	return maps.All(n)
}

// TestReplicasShareTheirPauses: three of them ask a failing provider no more often than one.
func TestReplicasShareTheirPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		for i, name := range []string{"a", "b", "c"} {
			w.change = func(c *scheduler.Config) { c.Random = func() float64 { return 0.45 * float64(i) } } // unlike jitter
			p := w.Player(name)
			p.Fail("ES", "NQ", "CL")
			defer w.open(t, p)()
		}
		time.Sleep(10 * time.Hour)
		if n := len(w.history()); n < 20 || n > 32 {
			t.Errorf("%d attempts in ten hours, want about 26", n)
		}
		want(t, "notices", w.Kinds(), []string{"import:2026-11-22T22:05Z failed"})
		w.Clean(t)
	})
}

func TestARunThatCrossesMidnightKeepsItsDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 23:50", "23:50")
		p := w.Player("a")
		p.Takes = 20 * time.Minute
		stop := w.open(t, p)
		time.Sleep(26 * time.Hour)
		stop()
		want(t, "runs", w.history(), []string{"2026-11-22:0 schedule done 22 23:50:00", "2026-11-23:0 schedule done 23 23:50:00"})
	})
}

func TestTheClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 10:00", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(10 * time.Minute)
		w.jump(5 * time.Hour) // the machine slept; 15:10
		time.Sleep(5 * time.Minute)
		w.jump(-2 * time.Hour) // set back, to 13:15: the slot comes again, and is done
		time.Sleep(3 * time.Hour)
		w.jump(-5 * time.Hour) // and to 11:15: the slot before is the newest, and is done too
		time.Sleep(time.Hour)
		stop()
		want(t, "runs", w.history(), []string{"2026-11-21:0 catch-up done 22 10:00:00", "2026-11-22:0 catch-up done 22 15:10:30"})
	})
}

func TestMaintenanceHasItsOwnSlotAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		second, err := ledger.NewSchedule(ledger.JobMaintenance, []string{"14:10"}, w.plans[0].Schedule.Zone())
		if err != nil {
			t.Fatal(err)
		}
		w.plans = append(w.plans, scheduler.Plan{Schedule: second, CatchUp: time.Minute})
		p := w.Player("a")
		p.Takes = 10 * time.Minute
		stop := w.open(t, p)
		time.Sleep(6 * time.Minute)
		if w.Works() != 1 {
			t.Error("maintenance began beside the import")
		}
		time.Sleep(2 * time.Hour)
		stop()
		runs := w.Ledger.All()
		if len(runs) != 2 || runs[1].Job != ledger.JobMaintenance || runs[1].State != ledger.StateDone || runs[1].Finished.Sub(runs[0].Finished) < 30*time.Minute {
			t.Errorf("runs %+v", runs)
		}
		if len(w.Pings()) != 2 {
			t.Errorf("maintenance was pinged: %v", w.Pings())
		}
	})
}

func TestAnotherScheduleMissesNothingOfTheOldOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-20 14:05", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(49 * time.Hour)
		stop()
		more, err := ledger.NewSchedule(ledger.JobImport, []string{"06:05", "14:05"}, w.plans[0].Schedule.Zone())
		if err != nil {
			t.Fatal(err)
		}
		w.plans[0].Schedule = more
		stop = w.open(t, w.Player("b"))
		time.Sleep(48 * time.Hour)
		stop()
		want(t, "notices", w.Kinds(), nil)
	})
}

func TestTheSchedulerRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := gatetest.NewBench(time.Now)
	plan, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05"}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*scheduler.Config){
		"no gate":                 func(c *scheduler.Config) { c.RunSlot = nil },
		"no plans":                func(c *scheduler.Config) { c.Plans = nil },
		"a plan that never comes": func(c *scheduler.Config) { c.Plans = []scheduler.Plan{{}} },
		"two plans of a job":      func(c *scheduler.Config) { c.Plans = append(c.Plans, c.Plans[0]) },
		"a negative window":       func(c *scheduler.Config) { c.Plans = []scheduler.Plan{{Schedule: plan, CatchUp: -1}} },
		"pauses that shrink":      func(c *scheduler.Config) { c.RetryMost = time.Second },
		"no clock":                func(c *scheduler.Config) { c.Now = nil },
	} {
		c := scheduler.Config{
			RunSlot: through(b.Player("a").Gate(t)), Slots: gatetest.NewPort(b.Ledger, nil), Plans: []scheduler.Plan{{Schedule: plan}},
			Trigger: scheduler.Timer{Now: time.Now}, Now: time.Now, Logger: quiet(),
		}
		if _, err := scheduler.New(c); err != nil {
			t.Fatalf("before the change: %v", err)
		}
		change(&c)
		if _, err := scheduler.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
