package main_test

import (
	"io"
	"testing"
	"time"

	main "barkeep/cmd/barkeep"
	"barkeep/ledger"
	"barkeep/term"
)

// TestABarHoldsNothingUp has events come while the bar is drawn: the bar asks how far the run is at the instant at which an event
// moves it, and neither waits for the other.
func TestABarHoldsNothingUp(t *testing.T) {
	t.Parallel()
	master, slave := openTerminal(t, 80, 50)
	go io.Copy(io.Discard, master) //nolint:errcheck // it ends with the terminal
	const tasks = 1 << 30
	watch, stop := main.Bar(&term.Screen{Writer: slave, Width: 80, Height: 50, Live: true}, tasks)
	ended := make(chan int)
	go func() {
		events := 0
		for began := time.Now(); time.Since(began) < 2*time.Second; events++ { // it is drawn some ten times
			watch(ledger.Event{Kind: ledger.EventPlanned, Tasks: tasks})
			watch(ledger.Event{Kind: ledger.EventTask, Series: "ES 5m"})
			watch(ledger.Event{Kind: ledger.EventCells})
		}
		stop()
		ended <- events
	}()
	select {
	case n := <-ended:
		t.Logf("%d times three events", n)
	case <-time.After(60 * time.Second):
		t.Fatal("an event and the bar wait for one another")
	}
}
