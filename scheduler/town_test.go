package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/notify"
	"barkeep/scheduler"
)

// town is where schedulers live: a bench on a clock of its own, and people.
type town struct {
	*gatetest.Bench
	*gatetest.Mailbox
	offset atomic.Int64
	plans  []scheduler.Plan
	change func(*scheduler.Config)
}

// newTown begins at a time of the Pacific clock, inside a bubble.
func newTown(t testing.TB, pacific string, times ...string) *town {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", pacific, zone)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ledger.NewSchedule(ledger.JobImport, times, zone)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{
		Bench: gatetest.NewBench(time.Now), Mailbox: &gatetest.Mailbox{}, plans: []scheduler.Plan{{Schedule: plan}}, change: func(*scheduler.Config) {},
	}
	w.jump(time.Until(at))
	return w
}

func (w *town) now() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }

// jump moves the hands of the clock.
func (w *town) jump(by time.Duration) { w.offset.Add(int64(by)) }

// open starts a scheduler for p, and returns how to stop it.
func (w *town) open(t testing.TB, p *gatetest.Player) (stop func()) {
	t.Helper()
	dispatcher, err := notify.NewDispatcher(notify.DispatcherConfig{
		Notices: p.Port(), Sender: w.Mailbox, Monitor: w.Mailbox, Logger: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Config = func(c *gate.Config) { c.Now, c.Listeners = w.now, []gate.Listener{dispatcher.Listen} }
	c := scheduler.Config{
		RunSlot: through(p.Gate(t)), Slots: p.Port(), Plans: w.begin(t), Trigger: scheduler.Timer{Now: w.now}, Notices: dispatcher,
		Now: w.now, Logger: quiet(), Random: func() float64 { return 0.5 },
	}
	w.change(&c)
	s, err := scheduler.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.Run(ctx)
	}()
	return func() {
		cancel()
		<-over
		closing, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		_ = dispatcher.Close(closing)
	}
}

// begin brings the plans into force, as a process does when it starts.
func (w *town) begin(t testing.TB) []scheduler.Plan {
	t.Helper()
	plans := slices.Clone(w.plans)
	for i := range plans {
		p := &plans[i]
		changes, err := w.Ledger.ChangeSchedule(t.Context(), p.Schedule.Job(), p.Schedule.String(), w.now())
		if err != nil {
			t.Fatal(err)
		}
		p.Schedule, p.Since = p.Schedule.After(changes, w.now()), changes[0].Since
	}
	return plans
}

// through is a scheduler's way to run a slot.
func through(g *gate.Gate) scheduler.Run {
	return func(ctx context.Context, slot ledger.Slot, entry string) (ledger.Run, error) {
		result, err := g.RunSlot(ctx, slot, gate.SlotRequest{Entry: entry, Join: true})
		return result.Run, err
	}
}

// history is each run of an import slot in short: "2026-11-22:0 schedule done 14:05:00".
func (w *town) history() []string {
	var all []string
	for _, r := range w.Ledger.All() {
		if r.Job == ledger.JobImport {
			all = append(all, fmt.Sprintf("%s:%d %s %s %s", r.Slot.Date, r.Slot.Index, r.Entry, r.State,
				r.Started.In(w.plans[0].Schedule.Zone()).Format("02 15:04:05")))
		}
	}
	return all
}

func want(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant:\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// slotOf is the slot of 14:05 Pacific of a day of November 2026.
func slotOf(day int) ledger.Slot {
	return ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, day, 22, 5, 0, 0, time.UTC))
}

// reschedule changes IMPORT_TIMES and IMPORT_TIMEZONE of whatever process is opened next.
func (w *town) reschedule(t testing.TB, zone string, times ...string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ledger.NewSchedule(ledger.JobImport, times, location)
	if err != nil {
		t.Fatal(err)
	}
	w.plans = []scheduler.Plan{{Schedule: plan}}
}
