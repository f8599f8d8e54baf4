// Package ledger is the domain of runs: which job ran for which slot, how it ended and what it can show for it.
//
// It imports the standard library only and names series by text, so that it knows nothing of markets.
package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Job is a kind of work that is run at most once per slot.
type Job string

// The jobs.
const (
	JobImport      Job = "import"
	JobMaintenance Job = "maintenance"
)

// State is where a run stands.
type State string

// The states of a run. Only StateDone is success: every cell of it was committed before it was written.
const (
	StateRunning   State = "running"
	StateDone      State = "done"
	StatePartial   State = "partial"   // some cells failed; what the others stored is committed
	StateFailed    State = "failed"    // no cell succeeded, or the run itself broke
	StateStopped   State = "stopped"   // its process was stopped before all was done, which is no failure; the next run goes on
	StateAbandoned State = "abandoned" // its process died or could not record its end; found by the next run
	StateMissed    State = "missed"    // no run: the slot passed without a success, and that was recorded
)

// CellState is how one series fared within a run.
type CellState string

// The states of a cell.
const (
	CellStored      CellState = "stored"      // its bars are committed, be they new, changed or unchanged
	CellClosed      CellState = "closed"      // nothing to fetch: the market was closed and the archive is up to date
	CellUnavailable CellState = "unavailable" // proved: the provider itself says that it has no such series, and answered others
	CellEmpty       CellState = "empty"       // the provider answered without bars where bars were due; a failure
	CellHeld        CellState = "held back"   // the answer contradicts the series and waits for a person; a failure, asked for again
	CellLate        CellState = "late"        // bars were committed, and the newest one that was due is not there; a failure
	CellThin        CellState = "thin"        // bars were committed, and far fewer than there should be; a failure
	CellFailed      CellState = "failed"
)

// OK tells whether the cell needs no further attempt.
func (s CellState) OK() bool { return s == CellStored || s == CellClosed || s == CellUnavailable }

// Answered tells whether bars of the series are committed with the cell, all that were due or some.
func (s CellState) Answered() bool { return s == CellStored || s == CellLate || s == CellThin }

// Run is one execution of a job, for a slot or ad hoc.
type Run struct {
	ID       int64
	Job      Job
	Slot     Slot // the zero Slot for an ad-hoc run
	Attempt  int  // 1 for the first run of a slot
	Forced   bool
	Entry    string // who asked: "sync", "schedule", "catch-up", "api", "demo"
	Host     string
	PID      int
	State    State
	Reason   string // why it is not done; empty on success
	Started  time.Time
	Finished time.Time // zero while running
	Token    string    // random; whoever writes for the run shows it, so that a run that was taken over writes no more
}

// Cell is the evidence of one series in one run.
type Cell struct {
	RunID      int64
	Instrument string
	Timeframe  string
	State      CellState
	Reason     string    // why these bars were asked for, or why there are none; for people
	From       time.Time // the window asked for, half-open; zero when nothing was asked
	To         time.Time
	Requests   int // HTTP requests sent; 0 for a derived series
	Fetched    int // closed bars that the provider gave, or that were resampled
	Inserted   int // counted by the archive
	Changed    int
	Unchanged  int
	Newest     time.Time // start of the newest stored bar after the write; zero when there is none
	Finished   time.Time
}

// Beside stands between the first reason and how many other series there are.
const Beside = "; beside it "

// countStates tells of how many series there are in each state: "12 other series (10 late, 2 failed)".
func countStates(states map[CellState]int) string {
	var parts []string
	sum := 0
	for _, state := range []CellState{CellLate, CellThin, CellHeld, CellEmpty, CellFailed} {
		if n := states[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
			sum += n
		}
	}
	return fmt.Sprintf("%d other series (%s)", sum, strings.Join(parts, ", "))
}

// Outcome is the state that a run deserves by its cells, and the reason when it is not done: done only when every cell is OK;
// failed when bars were due and no series stored or confirmed any; else partial. The reason is that of the first series, with how
// many others there are, so that people are told once of what befell many.
func Outcome(cells []Cell) (State, string) {
	bad, answered, first := 0, false, ""
	others := map[CellState]int{}
	for _, c := range cells {
		answered = answered || c.State.Answered()
		if c.State.OK() {
			continue
		}
		if bad++; bad == 1 {
			first = c.Instrument + " " + c.Timeframe + ": " + c.Reason
		} else {
			others[c.State]++
		}
	}
	if bad > 1 {
		first += Beside + countStates(others)
	}
	switch {
	case len(cells) == 0:
		return StateFailed, "no series was selected"
	case bad == 0:
		return StateDone, ""
	case !answered:
		return StateFailed, first
	default:
		return StatePartial, first
	}
}
