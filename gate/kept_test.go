package gate_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// keeps is a process that keeps these series and imports nothing else.
func keeps(b *gatetest.Bench, name string, series ...string) *gatetest.Player {
	p := b.Player(name)
	p.Series = series
	var all []ledger.Series
	for _, s := range series {
		all = append(all, ledger.Series{Instrument: s, Timeframe: "1d"})
	}
	before := p.Config
	p.Config = func(c *gate.Config) { before(c); c.Kept = ledger.KeptOf(all...) }
	return p
}

// imported are the series that a run of the bench has cells for.
func imported(b *gatetest.Bench, run int64) string {
	var all []string
	for _, c := range b.Ledger.CellsOf(run) {
		all = append(all, c.Instrument)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestASeriesAddedSinceIsRunAsAFurtherAttempt(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*gatetest.Bench, *gatetest.Player){
		"with the marker":    func(*gatetest.Bench, *gatetest.Player) {},
		"after a FLUSHALL":   func(b *gatetest.Bench, _ *gatetest.Player) { b.Markers.Flush() },
		"without any Redis":  func(_ *gatetest.Bench, p *gatetest.Player) { p.Hook = gatetest.Down("redis") },
		"the marker is lost": func(_ *gatetest.Bench, p *gatetest.Player) { p.Hook = gatetest.Fault("redis done", 1, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				if first := keeps(b, "a", "ES", "CL").RunSlot(t, gate.SlotRequest{}); !first.Done() {
					t.Fatalf("%+v", first)
				}
				p := keeps(b, "a", "ES", "CL", "NQ")
				lose(b, p)
				second := p.RunSlot(t, gate.SlotRequest{})
				if !second.Done() || second.Outcome != gate.Ran || second.Run.Attempt != 2 || imported(b, second.Run.ID) != "NQ" {
					t.Errorf("with NQ: %+v, which imported %q, want NQ alone", second, imported(b, second.Run.ID))
				}
				for range 2 {
					if again := keeps(b, "a", "ES", "CL", "NQ").RunSlot(t, gate.SlotRequest{}); again.Outcome != gate.AlreadyRan {
						t.Errorf("once more: %+v", again)
					}
				}
				b.Clean(t)
			})
		})
	}
}

func TestTwoWorkersThatKeepDifferentSeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		a, c := keeps(b, "a", "ES", "CL"), keeps(b, "c", "CL", "NQ", "GC")
		results := make(chan gate.Result, 8)
		for i := range 8 {
			p := []*gatetest.Player{a, c}[i%2]
			go func() { results <- p.RunSlot(t, gate.SlotRequest{Join: i > 3}) }()
		}
		for range 8 {
			if r := <-results; !r.Done() {
				t.Errorf("%+v", r)
			}
		}
		runs := b.Ledger.RunsOf(b.Slot)
		if len(runs) != 2 {
			t.Fatalf("%d runs: %+v", len(runs), runs)
		}
		all := imported(b, 1) + ", " + imported(b, 2)
		if all != "CL ES, GC NQ" && all != "CL GC NQ, ES" {
			t.Errorf("the two runs imported %s", all)
		}
		// Each is told that it is done, whoever wrote the marker last.
		for _, p := range []*gatetest.Player{a, c, a, c} {
			if r := p.RunSlot(t, gate.SlotRequest{}); r.Outcome != gate.AlreadyRan {
				t.Errorf("%s: %+v", p.Name, r)
			}
		}
		b.Clean(t)
	})
}

func TestASeriesThatIsKeptNoLongerIsNotJudged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := keeps(b, "a", "ES", "OLD")
		p.Fail("OLD")
		if first := p.RunSlot(t, gate.SlotRequest{}); first.Run.State != ledger.StatePartial {
			t.Fatalf("%+v", first)
		}
		works := b.Works()
		less := keeps(b, "a", "ES")
		if second := less.RunSlot(t, gate.SlotRequest{}); !second.Done() || second.Outcome != gate.AlreadyRan || second.Run.ID != 1 {
			t.Errorf("without it: %+v", second)
		}
		if b.Works() != works {
			t.Error("something was run for it")
		}
		marker, ok := b.Markers.Of(b.Slot)
		if !ok || marker.State != ledger.MarkerDone || marker.Kept != ledger.KeptOf(ledger.Series{Instrument: "ES", Timeframe: "1d"}).Digest() {
			t.Errorf("the marker is %+v, %v", marker, ok)
		}
		// Whoever keeps it still is told the truth.
		again := keeps(b, "b", "ES", "OLD")
		again.Fail("OLD")
		if third := again.RunSlot(t, gate.SlotRequest{}); third.Run.State != ledger.StatePartial || imported(b, third.Run.ID) != "OLD" {
			t.Errorf("with it: %+v", third)
		}
		b.Clean(t)
	})
}

// TestWorkThatLeavesSeriesOutIsNotDone: a run that returns without an error and without a cell for each kept series.
func TestWorkThatLeavesSeriesOutIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := keeps(b, "a", "ES", "NQ")
		p.Series = []string{"ES"} // what its work does
		r := p.RunSlot(t, gate.SlotRequest{})
		if r.Run.State != ledger.StatePartial || !strings.Contains(r.Run.Reason, "NQ 1d") {
			t.Errorf("%+v", r)
		}
		if _, ok := b.Markers.Of(b.Slot); ok {
			t.Error("it left a marker")
		}
	})
}

// TestAMarkerOfAnEarlierReleaseIsNoEvidence: it names no series, and its key says the date and the number only.
func TestAMarkerOfAnEarlierReleaseIsNoEvidence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := keeps(b, "a", "ES")
		b.Markers.Set(b.Slot, ledger.Marker{Run: 7, Token: "old", State: ledger.MarkerDone, Attempt: 1}, time.Hour)
		if r := p.RunSlot(t, gate.SlotRequest{}); r.Outcome != gate.Ran || !r.Done() {
			t.Errorf("its word was taken: %+v", r)
		}
		b.Clean(t)
	})
}
