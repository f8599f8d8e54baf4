package gate_test

import (
	"context"
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

// events keeps what a listener gets.
type events struct {
	mu   sync.Mutex
	list []ledger.Event
}

func (e *events) listen(event ledger.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

func (e *events) all() []ledger.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.list)
}

// kinds are the events in short: "begun planned task cells ended".
func (e *events) kinds() string {
	var all []string
	for _, event := range e.all() {
		all = append(all, string(event.Kind))
	}
	return strings.Join(all, " ")
}

func TestEveryListenerGetsTheEventsOfARunInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Fail("NQ")
		var first, second, own events
		slow := func(e ledger.Event) {
			time.Sleep(20 * time.Second)
			second.listen(e)
		}
		p.Config = func(c *gate.Config) {
			c.Listeners, c.ListenTimeout = []gate.Listener{first.listen, slow}, 10*time.Minute
		}
		result := p.RunSlot(t, gate.SlotRequest{Listen: own.listen})
		const want = "begun planned task cells task cells task cells ended"
		for name, e := range map[string]*events{"first": &first, "second": &second, "of this run": &own} {
			all := e.all()
			if e.kinds() != want {
				t.Errorf("%s listener got %s, want %s", name, e.kinds(), want)
			}
			last := all[len(all)-1]
			if last.Run.ID != result.Run.ID || last.Run.State != ledger.StatePartial || len(last.Cells) != 3 {
				t.Errorf("%s listener's last event is %+v", name, last)
			}
			for _, event := range all[:len(all)-1] {
				if event.Run.ID != result.Run.ID || event.Run.State != ledger.StateRunning || event.At.IsZero() {
					t.Errorf("%s listener got %+v", name, event)
				}
			}
		}
	})
}

func TestAListenerThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		gone := make(chan struct{})
		var seen events
		p.Config = func(c *gate.Config) {
			c.Listeners = []gate.Listener{func(ledger.Event) { <-gone }, seen.listen}
		}
		began := time.Now()
		result := p.RunSlot(t, gate.SlotRequest{})
		if took := time.Since(began); !result.Done() || took > 31*time.Second {
			t.Errorf("%+v after %s, want done after thirty seconds and one", result, took)
		}
		if run := b.Ledger.Effective(b.Slot)[0]; run.Finished.Sub(run.Started) != 30*time.Second {
			t.Errorf("the run itself took %s", run.Finished.Sub(run.Started))
		}
		if !strings.HasSuffix(seen.kinds(), "ended") {
			t.Errorf("the other listener got %s", seen.kinds())
		}
		close(gone)
	})
}

// TestTheLedgerKnowsTheProgressOfARun in words that come seconds apart.
func TestTheLedgerKnowsTheProgressOfARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Fail("ES")
		p.Series = []string{"ES", "NQ", "CL", "GC", "SI", "HG", "NG", "ZN"}
		p.Takes = 450 * time.Millisecond
		p.Hook = gatetest.Fault("ledger progress", 1, false) // a word that is lost is made up for
		var run sync.WaitGroup
		run.Go(func() { p.RunSlot(t, gate.SlotRequest{}) })
		time.Sleep(3250 * time.Millisecond)
		got, ok := b.Ledger.ProgressOf(1)
		want := ledger.Progress{Tasks: 8, Ended: 6, Failed: 1, Requests: 6, Now: "NG 1d", At: got.At}
		if !ok || got != want {
			t.Errorf("after three seconds: %+v, %v, want %+v", got, ok, want)
		}
		run.Wait()
		words := 0
		for _, call := range b.Calls() {
			if call == "ledger progress" {
				words++
			}
		}
		if words != 2 {
			t.Errorf("%d words in four seconds, want two", words)
		}
	})
}

// TestMaintenanceWaitsForTheImport whichever way in, and says so; an import waits for nobody.
func TestMaintenanceWaitsForTheImport(t *testing.T) {
	t.Parallel()
	slot := ledger.NewSlot(ledger.JobMaintenance, time.Date(1999, 12, 31, 11, 30, 0, 0, time.UTC))
	for name, run := range map[string]func(*testing.T, *gate.Gate, *gatetest.Player) (gate.Result, error){
		"slot": func(t *testing.T, g *gate.Gate, _ *gatetest.Player) (gate.Result, error) {
			return g.RunSlot(t.Context(), slot, gate.SlotRequest{})
		},
		"forced slot": func(t *testing.T, g *gate.Gate, _ *gatetest.Player) (gate.Result, error) {
			return g.RunSlot(t.Context(), slot, gate.SlotRequest{Force: true})
		},
		"ad hoc": func(t *testing.T, g *gate.Gate, p *gatetest.Player) (gate.Result, error) {
			return g.RunAdHoc(t.Context(), gate.AdHocRequest{Job: ledger.JobMaintenance, Work: p.Work})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				b.Ledger.Add(ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning}, 10*time.Minute) // ad hoc
				p := b.Player("a")
				var seen events
				p.Config = func(c *gate.Config) { c.Listeners = []gate.Listener{seen.listen} }
				p.Hook = gatetest.Fault("ledger in progress", 1, false) // a ledger that does not answer is asked again
				began := time.Now()
				var over sync.WaitGroup
				over.Go(func() {
					result, err := run(t, p.Gate(t), p)
					if took := time.Since(began); err != nil || !result.Done() || took < 10*time.Minute || took > 11*time.Minute {
						t.Errorf("after %s: %+v, %v", took, result, err)
					}
				})
				time.Sleep(9 * time.Minute)
				if b.Works() != 0 {
					t.Error("maintenance began beside the import")
				}
				if said, _ := b.Ledger.ProgressOf(2); said.Waiting != "for run 1, an import" {
					t.Errorf("while it waits the ledger says %+v", said)
				}
				over.Wait()
				if !strings.HasPrefix(seen.kinds(), "begun waiting planned") {
					t.Errorf("listeners got %s", seen.kinds())
				}
				b.Ledger.Add(ledger.Run{Job: ledger.JobMaintenance, State: ledger.StateRunning}, 10*time.Minute)
				began = time.Now()
				if result := p.RunSlot(t, gate.SlotRequest{}); !result.Done() || time.Since(began) > time.Minute {
					t.Errorf("an import beside maintenance: %+v after %s", result, time.Since(began))
				}
			})
		})
	}
}

// TestStoppingMaintenanceThatWaits ends it at once.
func TestStoppingMaintenanceThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		b.Ledger.Add(ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning}, time.Hour)
		p := b.Player("a")
		ctx, stop := contextAfter(t, time.Minute)
		defer stop()
		began := time.Now()
		result, err := p.Gate(t).RunAdHoc(ctx, gate.AdHocRequest{Job: ledger.JobMaintenance, Work: p.Work})
		if err != nil || result.Run.State != ledger.StateStopped || b.Works() != 0 || time.Since(began) > 61*time.Second {
			t.Errorf("after %s: %+v, %v", time.Since(began), result.Run, err)
		}
	})
}

// contextAfter ends a while from now.
func contextAfter(t *testing.T, d time.Duration) (context.Context, func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(d, stop)
	return ctx, stop
}
