package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/scheduler"
)

// copied is what a backup of the ledger holds.
type copied struct {
	rows  []row
	cells map[int64][]ledger.Cell
	since map[ledger.Job]time.Time
	texts map[ledger.Job]string
	turns map[noticeKey]time.Time
	told  map[noticeKey]bool
}

func clone[K comparable, V any](m map[K]V) map[K]V {
	other := make(map[K]V, len(m))
	for k, v := range m {
		other[k] = v
	}
	return other
}

// backup copies the ledger.
func (b *books) backup() copied {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := copied{
		cells: clone(b.cells), since: clone(b.since), texts: clone(b.texts), turns: clone(b.turns), told: clone(b.told),
	}
	for _, r := range b.rows {
		c.rows = append(c.rows, *r)
	}
	return c
}

// restore replaces the ledger by a copy.
func (b *books) restore(c copied) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.slots, b.order = nil, map[ledger.Slot][]*row{}, nil
	b.cells, b.since, b.texts, b.turns, b.told = clone(c.cells), clone(c.since), clone(c.texts), clone(c.turns), clone(c.told)
	for _, r := range c.rows {
		b.add(r.Run, 0)
		b.rows[len(b.rows)-1].lease = r.lease
	}
}

// logged lets a player write its log into out.
func (p *player) logged(out *bytes.Buffer) *player {
	p.config = func(c *scheduler.GateConfig) { c.Logger = slog.New(slog.NewTextHandler(out, nil)) }
	return p
}

const removed = "the marker says done but the ledger lacks its run"

// TestAMarkerOutlivesARestore of a database that is older than the slot: what the marker says is no evidence.
func TestAMarkerOutlivesARestore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  scheduler.Ask
		fail string              // a call of the one who asks that fails once
		then func(before *bench) // after the restore
		run  int64               // that is the answer
		how  scheduler.Outcome
		warn int
	}{
		"asked":               {run: 1, how: scheduler.Ran, warn: 1},
		"without waiting":     {ask: scheduler.Ask{NoWait: true}, run: 1, how: scheduler.Ran, warn: 1},
		"forced":              {ask: scheduler.Ask{Force: true}, run: 1, how: scheduler.Ran, warn: 1},
		"a look is lost":      {fail: "ledger latest", run: 1, how: scheduler.Ran, warn: 1},
		"the removal is lost": {fail: "redis done", run: 1, how: scheduler.Ran, warn: 1},
		"the claim is lost":   {fail: "redis claim", run: 1, how: scheduler.Ran, warn: 1},
		"the slot was run since, as a run of the same number": {
			then: func(b *bench) { b.books.finished(b.slot, "other") }, run: 1, how: scheduler.AlreadyRan,
		},
		"an attempt since failed": {
			then: func(b *bench) { b.books.finished(b.slot, "") }, run: 2, how: scheduler.Ran, warn: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				empty := b.books.backup()
				if first := b.player("a").ask(t, scheduler.Ask{}); !first.Done() {
					t.Fatalf("first: %+v", first)
				}
				b.books.restore(empty)
				if c.then != nil {
					c.then(b)
				}
				var log bytes.Buffer
				p := b.player("b").logged(&log)
				if c.fail != "" {
					p.hook = fault(c.fail, 1, false)
				}
				answer := p.ask(t, c.ask)
				if answer.Outcome != c.how || !answer.Done() || answer.Run.ID != c.run || answer.Run.Forced {
					t.Errorf("after the restore: %+v, want %s as run %d", answer, c.how, c.run)
				}
				if done := b.books.effective(b.slot); len(done) != 1 || done[0].Token != answer.Run.Token {
					t.Errorf("the ledger has %v, the answer was %+v", done, answer)
				}
				if marker, ok := b.keys.get(b.slot); !ok || marker.State != ledger.MarkerDone || marker.Token != answer.Run.Token {
					t.Errorf("the marker is %+v, %v", marker, ok)
				}
				if n := strings.Count(log.String(), removed); n != c.warn {
					t.Errorf("%d warnings, want %d:\n%s", n, c.warn, &log)
				}
				b.clean(t)
			})
		})
	}
}

// finished adds a run that has ended: done under the token, or failed when there is none.
func (b *books) finished(slot ledger.Slot, token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	run := ledger.Run{Job: slot.Job, TradingDate: slot.Date, Slot: slot.Index, Attempt: 1, State: ledger.StateDone, Token: token}
	if token == "" {
		run.State, run.Reason = ledger.StateFailed, "provider down"
	}
	b.add(run, 0)
}

// TestARefutedMarkerDoesNotComeBack when the run that follows fails.
func TestARefutedMarkerDoesNotComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		empty := b.books.backup()
		b.player("a").ask(t, scheduler.Ask{})
		b.books.restore(empty)
		p := b.player("b")
		p.fail = map[string]bool{"ES": true, "NQ": true, "CL": true}
		if answer := p.ask(t, scheduler.Ask{}); answer.Run.State != ledger.StateFailed {
			t.Errorf("the run after the restore: %+v", answer)
		}
		if marker, ok := b.keys.get(b.slot); ok {
			t.Errorf("it left the marker %+v", marker)
		}
	})
}

// TestACrowdAfterARestore asks all at once, with the wrong marker in front of everybody.
func TestACrowdAfterARestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		empty := b.books.backup()
		b.player("a").ask(t, scheduler.Ask{})
		b.books.restore(empty)
		b.works = 0
		var crowd sync.WaitGroup
		for range 20 {
			p := b.player("p")
			crowd.Go(func() {
				if answer := p.ask(t, scheduler.Ask{}); !answer.Done() {
					t.Errorf("somebody was answered %+v", answer)
				}
			})
		}
		crowd.Wait()
		if done := b.books.effective(b.slot); len(done) != 1 || b.works != 1 {
			t.Errorf("%d effective runs, %d works, want one", len(done), b.works)
		}
		b.clean(t)
	})
}

// TestADoneMarkerWhileTheLedgerIsDown is believed by who has seen its run in the ledger, and by nobody else.
func TestADoneMarkerWhileTheLedgerIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		first := b.player("a").ask(t, scheduler.Ask{})
		knows, new := b.player("b"), b.player("c")
		gate := knows.gate(t)
		if _, err := gate.Ask(t.Context(), b.slot, scheduler.Ask{}); err != nil {
			t.Fatal(err)
		}
		knows.hook, new.hook = down("ledger"), down("ledger")
		answer, err := gate.Ask(t.Context(), b.slot, scheduler.Ask{})
		if err != nil || answer.Outcome != scheduler.AlreadyRan || answer.Run.ID != first.Run.ID {
			t.Errorf("who knows it: %+v, %v", answer, err)
		}
		if answer, err := new.gate(t).Ask(t.Context(), b.slot, scheduler.Ask{}); !errors.Is(err, errDown) || answer.Done() {
			t.Errorf("who does not: %+v, %v", answer, err)
		}
		if marker, ok := b.keys.get(b.slot); !ok || marker.State != ledger.MarkerDone {
			t.Errorf("the marker is %+v, %v: nobody refuted it", marker, ok)
		}
		new.hook = nil
		if answer := new.ask(t, scheduler.Ask{}); answer.Outcome != scheduler.AlreadyRan || b.works != 1 {
			t.Errorf("with the ledger back: %+v, %d works", answer, b.works)
		}
	})
}

// TestTheGateForgetsWhatItConfirmed beyond its bound, and asks again.
func TestTheGateForgetsWhatItConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		p := b.player("a")
		p.takes = time.Millisecond
		gate := p.gate(t)
		ask := func(n int) []string {
			b.calls = nil
			slot := ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: n}
			if answer, err := gate.Ask(context.Background(), slot, scheduler.Ask{}); err != nil || !answer.Done() {
				t.Fatalf("slot %d: %+v, %v", n, answer, err)
			}
			return slices.Clone(b.calls)
		}
		for n := range scheduler.RecentMost + 1 {
			ask(n)
		}
		if got := fmt.Sprint(ask(1), ask(0), ask(0)); got != "[redis get] [redis get ledger latest] [redis get]" {
			t.Errorf("the second, the first, and the first again cost %s", got)
		}
	})
}
