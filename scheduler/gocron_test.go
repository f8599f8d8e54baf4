package scheduler_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/scheduler"
)

// These run on the real clock, since gocron's shutdown hangs in a synctest bubble. Nothing in them depends on how fast they are.

func newCron(t *testing.T, now func() time.Time) *scheduler.Cron {
	t.Helper()
	cron, err := scheduler.NewCron(now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := cron.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return cron
}

func TestCronFiresAtAnInstantOfItsClock(t *testing.T) {
	t.Parallel()
	offset := -20 * 365 * 24 * time.Hour
	now := func() time.Time { return time.Now().Add(offset) }
	cron := newCron(t, now)
	for range 3 { // each firing is armed anew
		at := now().Add(30 * time.Millisecond)
		fired, disarm, err := cron.Arm(at)
		if err != nil {
			t.Fatal(err)
		}
		<-fired
		if now().Before(at) {
			t.Errorf("fired at %s, before %s", now(), at)
		}
		disarm()
	}
	past, disarm, err := cron.Arm(now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	<-past
	disarm()
}

func TestCronKeepsNothingThatIsDisarmed(t *testing.T) {
	t.Parallel()
	cron := newCron(t, time.Now)
	later, keep, err := cron.Arm(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer keep()
	for range 50 {
		_, disarm, err := cron.Arm(time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		disarm()
		disarm() // once too often does no harm
	}
	if n := cron.Armed(); n != 1 {
		t.Errorf("%d jobs are armed, want one", n)
	}
	select {
	case <-later:
		t.Error("fired an hour too early")
	default:
	}
}

func TestCronLeavesNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	before := goleak.IgnoreCurrent()
	cron, err := scheduler.NewCron(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := cron.Arm(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	fired, _, err := cron.Arm(time.Now().Add(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	<-fired
	if err := cron.Close(t.Context()); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

// TestASlotOfTheScheduleIsDeliveredByGocron runs the whole: from gocron's timer to the ledger.
func TestASlotOfTheScheduleIsDeliveredByGocron(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ledger.NewSchedule(ledger.JobImport, []string{"02:30"}, zone)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := plan.Find("2026-03-08", "02:30") // which daylight saving skips
	if err != nil {
		t.Fatal(err)
	}
	at := slot.At
	// The clock stands just before the slot until the one before is caught up, so that a slow machine changes nothing.
	var began atomic.Pointer[time.Time]
	now := func() time.Time {
		early := at.Add(-50 * time.Millisecond)
		if b := began.Load(); b != nil {
			return early.Add(time.Since(*b))
		}
		return early
	}
	cron := newCron(t, now)
	b := gatetest.NewBench(now)
	done := make(chan ledger.Run, 10)
	p := b.Player("a")
	p.Takes = 0
	p.Config = func(c *gate.Config) {
		c.Now = now
		c.OnStep = func(s gate.Step, r ledger.Run) {
			if s == gate.StepLeft {
				start := time.Now()
				began.CompareAndSwap(nil, &start)
				done <- r
			}
		}
	}
	s, err := scheduler.New(scheduler.Config{
		RunSlot: through(p.Gate(t)), Slots: p.Port(), Plans: []scheduler.Plan{{Schedule: plan}}, Trigger: cron, Now: now,
		Logger: quiet(), CheckEvery: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.Run(ctx)
	}()
	if run := <-done; run.Slot.Date != "2026-03-07" || run.Entry != "catch-up" {
		t.Errorf("first ran %+v, want the 7th caught up", run)
	}
	if run := <-done; run.Slot.Date != "2026-03-08" || run.Entry != "schedule" || run.Started.Before(at) {
		t.Errorf("then ran %+v, want the 8th at %s", run, at)
	}
	cancel()
	<-over
	b.Clean(t)
}
