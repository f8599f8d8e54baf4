package scheduler_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// mailbox is a notifier and a monitor that keep what they get.
type mailbox struct {
	mu      sync.Mutex
	notices []ledger.Notice
	pings   []scheduler.Ping
	hang    bool          // Notify does not return before gone is closed, whatever its ctx says
	gone    chan struct{} // nil unless hang
	fail    int           // so many of the next calls fail
}

func (m *mailbox) Notify(_ context.Context, n ledger.Notice) error {
	m.mu.Lock()
	hang := m.hang
	m.fail--
	fail := m.fail >= 0
	if !hang && !fail {
		m.notices = append(m.notices, n)
	}
	m.mu.Unlock()
	if hang {
		<-m.gone
	}
	if fail {
		return errDown
	}
	return nil
}

func (m *mailbox) Ping(_ context.Context, p scheduler.Ping, _ ledger.Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pings = append(m.pings, p)
	return nil
}

// kinds are the notices in short: "import:2026-11-22:0 failed".
func (m *mailbox) kinds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, n := range m.notices {
		all = append(all, n.Slot.Key()+" "+string(n.Kind))
	}
	slices.Sort(all)
	return all
}

// town is where schedulers live: a bench on a clock of its own, and people.
type town struct {
	*bench
	*mailbox
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
		bench: newBench(), mailbox: &mailbox{}, plans: []scheduler.Plan{{Schedule: plan}}, change: func(*scheduler.Config) {},
	}
	w.jump(time.Until(at))
	return w
}

func (w *town) now() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }

// jump moves the hands of the clock.
func (w *town) jump(by time.Duration) { w.offset.Add(int64(by)) }

// open starts a scheduler for p, and returns how to stop it.
func (w *town) open(t testing.TB, p *player) (stop func()) {
	t.Helper()
	book := ledgerPort{w.books, p.around}
	teller, err := scheduler.NewTeller(scheduler.TellerConfig{Book: book, Notifier: w.mailbox, Pinger: w.mailbox, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	p.config = func(c *scheduler.GateConfig) { c.Now, c.Teller = w.now, teller }
	c := scheduler.Config{
		Gate: p.gate(t), Book: book, Plans: w.plans, Trigger: scheduler.Timer{Now: w.now}, Teller: teller, Now: w.now,
		Logger: quiet(), Random: func() float64 { return 0.5 },
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
		_ = teller.Close(closing)
	}
}

// history is each run of an import slot in short: "2026-11-22:0 schedule done 14:05:00".
func (w *town) history() []string {
	w.books.mu.Lock()
	defer w.books.mu.Unlock()
	var all []string
	for _, r := range w.books.rows {
		if r.Job == ledger.JobImport {
			all = append(all, fmt.Sprintf("%s:%d %s %s %s", r.TradingDate, r.Slot, r.Entry, r.State,
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
				stop := w.open(t, w.player("a"))
				time.Sleep(76 * time.Hour)
				stop()
				got := w.history()
				want(t, "runs", got[:min(len(got), len(c.want))], c.want)
				if len(w.notices) > 0 {
					t.Errorf("people were told %v", w.kinds())
				}
			})
		})
	}
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-18 14:00", "14:05")
		stop := w.open(t, w.player("a"))
		time.Sleep(time.Hour)
		stop()
		w.open(t, w.player("a"))() // a restart with nothing to do
		time.Sleep(90 * time.Hour) // down until the 22nd, 09:00
		stop = w.open(t, w.player("b"))
		time.Sleep(3 * time.Hour)
		stop()
		want(t, "runs", slices.Sorted(slices.Values(w.history())), []string{
			"2026-11-17:0 catch-up done 18 14:00:00", "2026-11-18:0 schedule done 18 14:05:00", "2026-11-19:0  missed 22 09:00:00",
			"2026-11-20:0  missed 22 09:00:00", "2026-11-21:0 catch-up done 22 09:00:00",
		})
		want(t, "notices", w.kinds(), []string{"import:2026-11-19:0 missed", "import:2026-11-20:0 missed"})
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
				stop := w.open(t, w.player("a"))
				time.Sleep(3 * time.Hour)
				stop()
				want(t, "runs", w.history(), c.runs)
				want(t, "notices", w.kinds(), c.told)
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
		p := w.player("a")
		p.takes = time.Minute
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
		first := w.player("a")
		var dead atomic.Bool
		first.hook = func(ctx context.Context, op string, _ bool) error {
			if dead.Load() {
				return errDead
			}
			return ctx.Err()
		}
		stopFirst := w.open(t, first)
		time.Sleep(15 * time.Second) // one series is committed
		dead.Store(true)
		stopFirst()
		stop := w.open(t, w.player("b"))
		time.Sleep(5 * time.Minute)
		stop()
		want(t, "notices", w.kinds(), []string{"import:2026-11-22:0 abandoned"})
		runs := w.books.rows
		if len(runs) != 2 || runs[0].State != ledger.StateAbandoned || runs[1].State != ledger.StateDone || len(w.books.cells[2]) != 2 {
			t.Errorf("runs %v, cells %v", w.history(), w.books.cells)
		}
	})
}

func TestGrowingPausesUntilTheNextSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		p := w.player("a")
		p.fail["NQ"] = true
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
		w.books.mu.Lock()
		for id, cells := range w.books.cells {
			if id > 1 && (len(cells) != 1 || cells[0].Instrument != "NQ") {
				t.Errorf("attempt %d carried out %v, want NQ alone", id, cells)
			}
		}
		w.books.mu.Unlock()
		want(t, "notices", w.kinds(), []string{"import:2026-11-22:0 partial"})
		time.Sleep(4 * time.Hour) // the next slot begins
		p.heal("NQ")
		time.Sleep(2 * time.Hour)
		stop()
		want(t, "notices", w.kinds(), []string{
			"import:2026-11-22:0 missed", "import:2026-11-22:0 partial", "import:2026-11-23:0 partial",
		})
		if len(w.books.effective(ledger.Slot{Job: ledger.JobImport, Date: "2026-11-23"})) != 1 {
			t.Errorf("the next slot: %v", w.history())
		}
		if got := maps.Collect(counted(w.pings)); got[scheduler.PingStart] != got[scheduler.PingFailure]+1 || got[scheduler.PingSuccess] != 1 {
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
			p := w.player(name)
			p.fail = map[string]bool{"ES": true, "NQ": true, "CL": true}
			defer w.open(t, p)()
		}
		time.Sleep(10 * time.Hour)
		if n := len(w.history()); n < 20 || n > 32 {
			t.Errorf("%d attempts in ten hours, want about 26", n)
		}
		want(t, "notices", w.kinds(), []string{"import:2026-11-22:0 failed"})
		w.clean(t)
	})
}

func TestARunThatCrossesMidnightKeepsItsDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 23:50", "23:50")
		p := w.player("a")
		p.takes = 20 * time.Minute
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
		stop := w.open(t, w.player("a"))
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

func TestTheAuditorFindsWhatNobodyRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:00", "14:05")
		w.change = func(c *scheduler.Config) { c.Trigger = deaf{}; c.CheckEvery = 1000 * time.Hour } // no firing ever comes
		stop := w.open(t, w.player("a"))
		time.Sleep(30 * time.Minute) // at 14:00 the slot of the 21st was caught up
		want(t, "notices", w.kinds(), nil)
		time.Sleep(2 * time.Hour)
		want(t, "after the grace", w.kinds(), []string{"import:2026-11-22:0 missed"})
		time.Sleep(24 * time.Hour)
		want(t, "a day later", w.kinds(), []string{"import:2026-11-22:0 missed", "import:2026-11-23:0 missed"})
		stop()
		if got := w.history(); !slices.ContainsFunc(got, func(r string) bool { return strings.HasPrefix(r, "2026-11-22:0  missed") }) {
			t.Errorf("the ledger does not say that the 22nd was missed: %v", got)
		}
	})
}

type deaf struct{}

func (deaf) Arm(time.Time) (<-chan struct{}, func(), error) { return nil, func() {}, nil }

func TestPeopleAreToldOnceThoughTheyAreHardToReach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		w.fail = 5
		var stops []func()
		for _, name := range []string{"a", "b"} {
			p := w.player(name)
			p.fail = map[string]bool{"ES": true, "NQ": true, "CL": true}
			stops = append(stops, w.open(t, p))
		}
		time.Sleep(6 * time.Hour)
		for _, stop := range stops {
			stop()
		}
		want(t, "notices", w.kinds(), []string{"import:2026-11-22:0 failed"})
	})
}

func TestANotifierThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:05", "14:05")
		w.hang, w.gone = true, make(chan struct{})
		p := w.player("a")
		p.fail["ES"] = true
		stop := w.open(t, p)
		time.Sleep(15 * time.Minute) // three attempts by now, and people are being told since the first
		p.heal("ES")
		time.Sleep(24 * time.Hour)
		began := time.Now()
		stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %s", took)
		}
		close(w.gone)
		got := w.history()
		want(t, "runs", slices.Concat(got[:2], got[len(got)-1:]), []string{
			"2026-11-22:0 schedule partial 22 14:05:00", "2026-11-22:0 retry partial 22 14:06:30", "2026-11-23:0 schedule done 23 14:05:00",
		})
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
		w.plans = append(w.plans, scheduler.Plan{Schedule: second, CatchUp: time.Minute, After: ledger.JobImport})
		p := w.player("a")
		p.takes = 10 * time.Minute
		stop := w.open(t, p)
		time.Sleep(6 * time.Minute)
		if _, ok := w.keys.get(ledger.Slot{Job: ledger.JobMaintenance, Date: "2026-11-22"}); ok {
			t.Error("maintenance began beside the import")
		}
		time.Sleep(2 * time.Hour)
		stop()
		runs := w.books.rows
		if len(runs) != 2 || runs[1].Job != ledger.JobMaintenance || runs[1].State != ledger.StateDone || runs[1].Started.Before(runs[0].Finished) {
			t.Errorf("runs %+v", runs)
		}
		if slices.ContainsFunc(w.pings[2:], func(scheduler.Ping) bool { return true }) {
			t.Errorf("maintenance was pinged: %v", w.pings)
		}
	})
}

func TestAnotherScheduleMissesNothingOfTheOldOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-20 14:05", "14:05")
		stop := w.open(t, w.player("a"))
		time.Sleep(49 * time.Hour)
		stop()
		more, err := ledger.NewSchedule(ledger.JobImport, []string{"06:05", "14:05"}, w.plans[0].Schedule.Zone())
		if err != nil {
			t.Fatal(err)
		}
		w.plans[0].Schedule = more
		stop = w.open(t, w.player("b"))
		time.Sleep(48 * time.Hour)
		stop()
		want(t, "notices", w.kinds(), nil)
	})
}

func TestTheSchedulerRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := newBench()
	plan, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05"}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*scheduler.Config){
		"no gate":                 func(c *scheduler.Config) { c.Gate = nil },
		"no plans":                func(c *scheduler.Config) { c.Plans = nil },
		"a plan that never comes": func(c *scheduler.Config) { c.Plans = []scheduler.Plan{{}} },
		"two plans of a job":      func(c *scheduler.Config) { c.Plans = append(c.Plans, c.Plans[0]) },
		"a negative window":       func(c *scheduler.Config) { c.Plans = []scheduler.Plan{{Schedule: plan, CatchUp: -1}} },
		"pauses that shrink":      func(c *scheduler.Config) { c.RetryMost = time.Second },
		"no clock":                func(c *scheduler.Config) { c.Now = nil },
	} {
		c := scheduler.Config{
			Gate: b.player("a").gate(t), Book: ledgerPort{b.books, nil}, Plans: []scheduler.Plan{{Schedule: plan}},
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
