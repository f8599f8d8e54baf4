package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/notify"
)

// heldSince is the notice of answers that are held back since an instant.
func heldSince(since time.Time) ledger.Notice {
	return ledger.Notice{Kind: ledger.NoticeHeld, Name: "the answers for FB (listing)", Text: "type ETF", Since: since}
}

// TestWhatAnotherProcessForgotIsToldAgain by the one that told it before: a person accepted it on the command line, and months
// later the same comes again.
func TestWhatAnotherProcessForgotIsToldAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, m := gatetest.NewLedger(time.Now), &gatetest.Mailbox{}
		worker, command := newDispatcher(t, b, m), newDispatcher(t, b, m)
		first := heldSince(time.Now())
		for range 3 { // runs that see it
			if told, err := worker.Deliver(t.Context(), first); err != nil || !told {
				t.Fatal(told, err)
			}
		}
		if got := len(m.Kinds()); got != 1 {
			t.Fatalf("told %d times while it lasts", got)
		}
		if err := command.Forget(t.Context(), first.Subject(), first.Kind); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		for range 2 {
			if told, err := worker.Deliver(t.Context(), heldSince(time.Now())); err != nil || !told {
				t.Fatal(told, err)
			}
		}
		if got := len(m.Kinds()); got != 2 {
			t.Errorf("told %d times, want 2: once each time", got)
		}
		for _, dispatcher := range []*notify.Dispatcher{worker, command} {
			if err := dispatcher.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestEveryURLHearsOfTheSecondTime: they leave out what they have, and the same name since another time is another notice.
func TestEveryURLHearsOfTheSecondTime(t *testing.T) {
	t.Parallel()
	good := serve(t, nil)
	n := open(t, patience, "generic+"+good.URL)
	since := time.Date(2026, 8, 17, 21, 5, 0, 0, time.UTC)
	for _, notice := range []ledger.Notice{heldSince(since), heldSince(since), heldSince(since.Add(time.Hour))} {
		if err := n.Notify(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(good.all()); got != 2 {
		t.Errorf("told %d times, want 2", got)
	}
}
