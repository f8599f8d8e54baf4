package gate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

// logged is a player that writes its log into out.
func logged(p *gatetest.Player, out *bytes.Buffer) *gatetest.Player {
	p.Config = func(c *gate.Config) { c.Logger = slog.New(slog.NewTextHandler(out, nil)) }
	return p
}

const removed = "the marker says done but the ledger does not"

// TestAMarkerOutlivesARestore of a database that is older than the slot: what the marker says is no evidence.
func TestAMarkerOutlivesARestore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  gate.SlotRequest
		fail string                // a call of the one who asks that fails once
		then func(*gatetest.Bench) // after the restore
		run  int64                 // that is the answer
		how  gate.Outcome
		warn int
	}{
		"asked":               {run: 1, how: gate.Ran, warn: 1},
		"without waiting":     {ask: gate.SlotRequest{NoWait: true}, run: 1, how: gate.Ran, warn: 1},
		"forced":              {ask: gate.SlotRequest{Force: true}, run: 1, how: gate.Ran, warn: 1},
		"a look is lost":      {fail: "ledger latest", run: 1, how: gate.Ran, warn: 1},
		"the removal is lost": {fail: "redis done", run: 1, how: gate.Ran, warn: 1},
		"the claim is lost":   {fail: "redis claim", run: 1, how: gate.Ran, warn: 1},
		"the slot was run since, as a run of the same number": {
			then: func(b *gatetest.Bench) { addEnded(b, "other") }, run: 1, how: gate.AlreadyRan,
		},
		"an attempt since failed": {
			then: func(b *gatetest.Bench) { addEnded(b, "") }, run: 2, how: gate.Ran, warn: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gatetest.NewBench(time.Now)
				empty := b.Ledger.Backup()
				if first := b.Player("a").RunSlot(t, gate.SlotRequest{}); !first.Done() {
					t.Fatalf("first: %+v", first)
				}
				b.Ledger.Restore(empty)
				if c.then != nil {
					c.then(b)
				}
				var log bytes.Buffer
				p := logged(b.Player("b"), &log)
				if c.fail != "" {
					p.Hook = gatetest.Fault(c.fail, 1, false)
				}
				answer := p.RunSlot(t, c.ask)
				if answer.Outcome != c.how || !answer.Done() || answer.Run.ID != c.run || answer.Run.Forced {
					t.Errorf("after the restore: %+v, want %s as run %d", answer, c.how, c.run)
				}
				if done := b.Ledger.Effective(b.Slot); len(done) != 1 || done[0].Token != answer.Run.Token {
					t.Errorf("the ledger has %v, the answer was %+v", done, answer)
				}
				if marker, ok := b.Markers.Of(b.Slot); !ok || marker.State != ledger.MarkerDone || marker.Token != answer.Run.Token {
					t.Errorf("the marker is %+v, %v", marker, ok)
				}
				if n := strings.Count(log.String(), removed); n != c.warn {
					t.Errorf("%d warnings, want %d:\n%s", n, c.warn, &log)
				}
				b.Clean(t)
			})
		})
	}
}

// addEnded adds a run that has ended: done under the token, or failed when there is none.
func addEnded(b *gatetest.Bench, token string) {
	run := ledger.Run{Job: b.Slot.Job, Slot: b.Slot, Attempt: 1, State: ledger.StateDone, Token: token}
	if token == "" {
		run.State, run.Reason = ledger.StateFailed, "provider down"
	}
	b.Ledger.Add(run, 0)
}

// TestARefutedMarkerDoesNotComeBack when the run that follows fails.
func TestARefutedMarkerDoesNotComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		empty := b.Ledger.Backup()
		b.Player("a").RunSlot(t, gate.SlotRequest{})
		b.Ledger.Restore(empty)
		p := b.Player("b")
		p.Fail("ES", "NQ", "CL")
		if answer := p.RunSlot(t, gate.SlotRequest{}); answer.Run.State != ledger.StateFailed {
			t.Errorf("the run after the restore: %+v", answer)
		}
		if marker, ok := b.Markers.Of(b.Slot); ok {
			t.Errorf("it left the marker %+v", marker)
		}
	})
}

// TestACrowdAfterARestore asks all at once, with the wrong marker in front of everybody.
func TestACrowdAfterARestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		empty := b.Ledger.Backup()
		b.Player("a").RunSlot(t, gate.SlotRequest{})
		b.Ledger.Restore(empty)
		var crowd sync.WaitGroup
		for range 20 {
			p := b.Player("p")
			crowd.Go(func() {
				if answer := p.RunSlot(t, gate.SlotRequest{}); !answer.Done() {
					t.Errorf("somebody was answered %+v", answer)
				}
			})
		}
		crowd.Wait()
		if done := b.Ledger.Effective(b.Slot); len(done) != 1 || b.Works() != 2 {
			t.Errorf("%d effective runs, %d works, want one, and one more work than before", len(done), b.Works())
		}
		b.Clean(t)
	})
}

// TestADoneMarkerWhileTheLedgerIsDown is believed by who has seen its run in the ledger, and by nobody else.
func TestADoneMarkerWhileTheLedgerIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		first := b.Player("a").RunSlot(t, gate.SlotRequest{})
		knows, new := b.Player("b"), b.Player("c")
		g := knows.Gate(t)
		if _, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); err != nil {
			t.Fatal(err)
		}
		knows.Hook, new.Hook = gatetest.Down("ledger"), gatetest.Down("ledger")
		answer, err := g.RunSlot(t.Context(), b.Slot, gate.SlotRequest{})
		if err != nil || answer.Outcome != gate.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("who knows it: %+v, %v", answer, err)
		}
		if answer, err := new.Gate(t).RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); !errors.Is(err, gatetest.ErrDown) || answer.Done() {
			t.Errorf("who does not: %+v, %v", answer, err)
		}
		if marker, ok := b.Markers.Of(b.Slot); !ok || marker.State != ledger.MarkerDone {
			t.Errorf("the marker is %+v, %v: nobody refuted it", marker, ok)
		}
		new.Hook = nil
		if answer := new.RunSlot(t, gate.SlotRequest{}); answer.Outcome != gate.AlreadyRan || b.Works() != 1 {
			t.Errorf("with the ledger back: %+v, %d works", answer, b.Works())
		}
	})
}

// TestTheGateForgetsWhatItConfirmed beyond its bound, and asks again.
func TestTheGateForgetsWhatItConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = time.Millisecond
		g := p.Gate(t)
		ask := func(n int) []string {
			b.Calls()
			slot := ledger.NewSlot(ledger.JobImport, time.Date(1999, 11, 22, 0, n, 0, 0, time.UTC))
			if answer, err := g.RunSlot(context.Background(), slot, gate.SlotRequest{}); err != nil || !answer.Done() {
				t.Fatalf("slot %d: %+v, %v", n, answer, err)
			}
			return b.Calls()
		}
		for n := range gate.RecentMost + 1 {
			ask(n)
		}
		if got := fmt.Sprint(ask(1), ask(0), ask(0)); got != "[redis get] [redis get ledger latest] [redis get]" {
			t.Errorf("the second, the first, and the first again cost %s", got)
		}
	})
}
