package scheduler_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/scheduler"
)

// people are those who are told: what they heard, in order. Busy tells whether another process is telling them.
type people struct {
	mu    sync.Mutex
	heard []ledger.Notice
	busy  atomic.Bool
}

func (p *people) Deliver(_ context.Context, n ledger.Notice) (bool, error) {
	if p.busy.Load() {
		return false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	knows := slices.ContainsFunc(p.heard, func(old ledger.Notice) bool { return old.Subject() == n.Subject() })
	if n.Kind == ledger.NoticeMended && !knows {
		return true, nil // no news
	}
	if !slices.ContainsFunc(p.heard, func(old ledger.Notice) bool { return old.Kind == n.Kind && old.Subject() == n.Subject() }) {
		p.heard = append(p.heard, n)
	}
	return true, nil
}

func (p *people) Record(context.Context) {}

// texts are what they heard.
func (p *people) texts() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.heard {
		all = append(all, n.Text)
	}
	return all
}

// down is a town whose worker ran on the 18th and was off until the 22nd, 09:00.
func down(t *testing.T) (*town, *people) {
	t.Helper()
	w, p := newTown(t, "2026-11-18 14:00", "14:05"), &people{}
	w.change = func(c *scheduler.Config) { c.Notices = p }
	stop := w.open(t, w.Player("a"))
	time.Sleep(time.Hour)
	stop()
	time.Sleep(90 * time.Hour)
	return w, p
}

// reasons are why slots were missed, by their date.
func (w *town) reasons() map[string]string {
	all := map[string]string{}
	for _, r := range w.Ledger.All() {
		if r.State == ledger.StateMissed {
			all[r.Slot.Date] = r.Reason
		}
	}
	return all
}

// TestAMissedSlotSaysWhatBecameOfIt: whether nobody ran it or its attempts failed, in the ledger and to people.
func TestAMissedSlotSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, heard := newTown(t, "2026-11-18 14:00", "14:05"), &people{}
		w.change = func(c *scheduler.Config) { c.Notices = heard }
		p := w.Player("a")
		stop := w.open(t, p)
		time.Sleep(4 * time.Minute) // the slot of the 17th is caught up
		p.Fail("NQ")
		time.Sleep(24 * time.Hour)
		p.Heal("NQ")
		time.Sleep(time.Hour)
		const failed = "its last attempt partial: NQ 1d: provider down"
		if got := w.reasons()["2026-11-18"]; got != failed {
			t.Errorf("of the slot that failed the ledger says %q", got)
		}
		if got := heard.texts(); len(got) != 2 || !strings.HasPrefix(got[1], "import 2026-11-18 14:05: missed, run ") ||
			!strings.HasSuffix(got[1], failed) {
			t.Errorf("people heard %q", got)
		}
		stop()
		time.Sleep(95 * time.Hour)
		stop = w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		if got := w.reasons(); got["2026-11-20"] != "no run of it was begun" || got["2026-11-21"] != got["2026-11-20"] || len(got) != 3 {
			t.Errorf("of the slots that nobody ran the ledger says %q", got)
		}
		if got := heard.texts(); len(got) != 3 || !strings.HasSuffix(got[2],
			"2 slots since 2026-11-20 14:05 passed without a finished run; of this one no run of it was begun") {
			t.Errorf("people heard %q", got)
		}
		w.Clean(t)
	})
}

// TestWhatPeopleDoNotKnowIsNotSettled: another process was telling them and may have died at it, so they are told later, once.
func TestWhatPeopleDoNotKnowIsNotSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, heard := down(t)
		before, _ := w.Ledger.Audited(t.Context(), ledger.JobImport)
		heard.busy.Store(true)
		stop := w.open(t, w.Player("b"))
		time.Sleep(time.Hour)
		if now, _ := w.Ledger.Audited(t.Context(), ledger.JobImport); !now.Equal(before) || len(heard.texts()) != 0 {
			t.Errorf("settled up to %s, before it was %s; people heard %q", now, before, heard.texts())
		}
		heard.busy.Store(false)
		time.Sleep(10 * time.Minute)
		stop()
		now, _ := w.Ledger.Audited(t.Context(), ledger.JobImport)
		if want := slotOf(21).At; !now.After(want) || now.After(want.Add(time.Minute)) || len(heard.texts()) != 1 {
			t.Errorf("settled up to %s, want the slot at %s; people heard %q", now, want, heard.texts())
		}
		// A process that starts now has nothing to look at and nothing to tell.
		w.Calls()
		stop = w.open(t, w.Player("c"))
		time.Sleep(time.Hour)
		stop()
		if calls := w.Calls(); slices.Contains(calls, "slots standing") || slices.Contains(calls, "slots missed") {
			t.Errorf("a restart looks at what is settled: %v", calls)
		}
		if len(w.reasons()) != 2 {
			t.Errorf("missed are %v, want the 19th and the 20th", w.reasons())
		}
	})
}

// TestAnAuditThatFailsIsLoggedAndRepeated, whatever of it fails: when the ledger is back, people are told once.
func TestAnAuditThatFailsIsLoggedAndRepeated(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"slots audited", "slots standing", "slots missed", "slots set audited", "ledger latest"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, heard := down(t)
				var log bytes.Buffer
				before := w.change
				w.change = func(c *scheduler.Config) { before(c); c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
				var failing atomic.Bool
				failing.Store(true)
				p := w.Player("b")
				p.Hook = func(ctx context.Context, asked string, _ bool) error {
					if failing.Load() && asked == op {
						return gatetest.ErrDown
					}
					return ctx.Err()
				}
				stop := w.open(t, p)
				time.Sleep(20 * time.Minute)
				failing.Store(false)
				time.Sleep(6 * time.Hour) // and the next slot is done
				stop()
				if until, _ := w.Ledger.Audited(t.Context(), ledger.JobImport); !until.After(slotOf(22).At) {
					t.Errorf("settled up to %s", until)
				}
				if text := log.String(); !strings.Contains(text, "slots cannot be audited") || !strings.Contains(text, gatetest.ErrDown.Error()) {
					t.Errorf("the log says:\n%s", text)
				}
				if len(heard.texts()) != 1 || len(w.reasons()) != 2 {
					t.Errorf("people heard %q, missed are %v", heard.texts(), w.reasons())
				}
			})
		})
	}
}

// TestWhatPeopleAreToldOfTheNewestSlot: of a failure at once; of anything else that is not done only after the grace, since its
// process may have been stopped and comes back; of a run in progress never.
func TestWhatPeopleAreToldOfTheNewestSlot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run         ledger.Run // its ID is 0 for none
		soon, later string
	}{
		"none":                          {ledger.Run{}, "", "missed: no finished run 1h5m0s after its time"},
		"failed":                        {ledger.Run{State: ledger.StateFailed, Reason: "x"}, "failed", "failed"},
		"partial":                       {ledger.Run{State: ledger.StatePartial, Reason: "x"}, "partial", "partial"},
		"stopped":                       {ledger.Run{State: ledger.StateStopped, Reason: "stopped: x"}, "", "missed"},
		"stopped by an earlier release": {ledger.Run{State: ledger.StatePartial, Reason: "stopped: x"}, "", "missed"},
		"failed as it was stopped":      {ledger.Run{State: ledger.StateFailed, Reason: "stopped: x"}, "", "missed"},
		"done":                          {ledger.Run{State: ledger.StateDone}, "", ""},
		"running":                       {ledger.Run{State: ledger.StateRunning}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, heard := newTown(t, "2026-11-22 14:00", "14:05"), &people{}
				w.change = func(config *scheduler.Config) {
					config.Notices = heard
					config.RunSlot = func(context.Context, ledger.Slot, string) (ledger.Run, error) {
						return ledger.Run{State: ledger.StateDone}, nil
					}
				}
				if c.run.State != "" {
					run := c.run
					run.Job, run.Slot, run.Attempt = ledger.JobImport, slotOf(22), 1
					w.Ledger.Add(run, 5*time.Hour)
				}
				stop := w.open(t, w.Player("a"))
				defer stop()
				for _, at := range []struct {
					after time.Duration
					want  string
				}{{30 * time.Minute, c.soon}, {2 * time.Hour, c.later}} {
					time.Sleep(at.after)
					got := heard.texts()
					if (at.want == "") != (len(got) == 0) || len(got) > 1 || len(got) == 1 && !strings.Contains(got[0], ": "+at.want) {
						t.Errorf("%s on, people heard %q, want %q", at.after, got, at.want)
					}
				}
			})
		})
	}
}

// TestWithoutNoticesMissedSlotsAreRecorded all the same: who has nobody to tell looks at the ledger.
func TestWithoutNoticesMissedSlotsAreRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := down(t)
		w.change = func(c *scheduler.Config) { c.Notices = nil }
		stop := w.open(t, w.Player("b"))
		time.Sleep(time.Hour)
		stop()
		if got := w.reasons(); len(got) != 2 || got["2026-11-19"] == "" || got["2026-11-20"] == "" {
			t.Errorf("missed are %v", got)
		}
		if until, _ := w.Ledger.Audited(t.Context(), ledger.JobImport); !until.After(slotOf(21).At) {
			t.Errorf("settled up to %s", until)
		}
	})
}

// TestAnOldSlotThatIsStillRunIsNotSettled: should its process die, it was missed after all, and people hear of it.
func TestAnOldSlotThatIsStillRunIsNotSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, heard := down(t)
		w.Ledger.Add(ledger.Run{Job: ledger.JobImport, Slot: slotOf(19), Attempt: 1, State: ledger.StateRunning, Token: "x"}, time.Hour)
		stop := w.open(t, w.Player("b"))
		defer stop()
		time.Sleep(30 * time.Minute)
		if got := w.reasons(); len(got) != 0 || len(heard.texts()) != 0 {
			t.Errorf("while it runs missed are %v, people heard %q", got, heard.texts())
		}
		time.Sleep(time.Hour)
		if got := w.reasons(); len(got) != 2 || !strings.HasPrefix(got["2026-11-19"], "its last attempt abandoned") || len(heard.texts()) != 1 {
			t.Errorf("after it died missed are %v, people heard %q", got, heard.texts())
		}
	})
}

// TestASlotThatIsRunAfterAllIsNotMissed: another process began it between the look and the record.
func TestASlotThatIsRunAfterAllIsNotMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, heard := down(t)
		p := w.Player("b")
		var once sync.Once
		p.Hook = func(ctx context.Context, op string, after bool) error {
			if op == "slots standing" && after {
				once.Do(func() {
					for _, day := range []int{19, 20} {
						w.Ledger.Add(ledger.Run{Job: ledger.JobImport, Slot: slotOf(day), Attempt: 1, State: ledger.StateDone, Token: "x"}, 0)
					}
				})
			}
			return ctx.Err()
		}
		stop := w.open(t, p)
		time.Sleep(time.Hour)
		stop()
		if len(w.reasons())+len(heard.texts()) != 0 {
			t.Errorf("missed are %v, people heard %q", w.reasons(), heard.texts())
		}
	})
}

// TestDoneSlotsHideNoFailure: several slots came between two audits, the last of which failed. People hear of it, and the
// others are not looked at again.
func TestDoneSlotsHideNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, heard := newTown(t, "2026-11-22 14:04", "14:05", "14:06", "14:07"), &people{}
		w.change = func(c *scheduler.Config) {
			c.Notices = heard
			c.RunSlot = func(context.Context, ledger.Slot, string) (ledger.Run, error) {
				return ledger.Run{State: ledger.StateDone}, nil
			}
		}
		for i, state := range []ledger.State{ledger.StateDone, ledger.StateDone, ledger.StateFailed} {
			slot := ledger.NewSlot(ledger.JobImport, slotOf(22).At.Add(time.Duration(i)*time.Minute))
			w.Ledger.Add(ledger.Run{Job: slot.Job, Slot: slot, Attempt: 1, State: state, Reason: "x"}, 0)
		}
		stop := w.open(t, w.Player("a"))
		time.Sleep(20 * time.Minute)
		stop()
		if got := heard.texts(); len(got) != 1 || !strings.Contains(got[0], ": failed") {
			t.Errorf("people heard %q", got)
		}
		want := slotOf(22).At.Add(time.Minute)
		if until, _ := w.Ledger.Audited(t.Context(), ledger.JobImport); !until.After(want) || until.After(want.Add(time.Second)) {
			t.Errorf("settled up to %s, want up to the second slot at %s", until, want)
		}
	})
}
