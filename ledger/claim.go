package ledger

import (
	"errors"
	"strings"
	"time"
)

// ErrLost tells that a run no longer belongs to its process: its lease ended and another run took over. Nothing more may be
// written for it.
var ErrLost = errors.New("run was taken over by another process")

// ErrImported tells that another unforced run of the slot has imported the series already: there is one effective import of a
// series a slot.
var ErrImported = errors.New("another run of the slot has imported the series")

// ReasonStopped starts the reason of a run that was stopped. The releases before StateStopped have nothing else to tell such
// a run by: theirs are failed or partial.
const ReasonStopped = "stopped"

// Stopped tells whether the run ended only because its process was stopped. What is left of it needs no pause.
func (r Run) Stopped() bool {
	return r.State == StateStopped || strings.HasPrefix(r.Reason, ReasonStopped)
}

// Claim is what the ledger says to a process that wants to run something.
type Claim struct {
	Won bool
	Run Run // the run that was begun if Won; else the one in the way, which is running or done
	// Abandoned are the runs whose lease had ended and that this claim marked as abandoned, the oldest first: of a slot one at most.
	Abandoned []Run
}

// MarkerState is what a slot's marker says.
type MarkerState string

// The states of a marker.
const (
	MarkerLease MarkerState = "lease" // somebody runs the slot
	MarkerDone  MarkerState = "done"  // the ledger has a run of the slot that is done
)

// Marker is the value of a slot's key in Redis, as JSON. It is a hint that may vanish at any time; the ledger is the truth,
// and a marker that says done is written only after the ledger says so.
type Marker struct {
	Run      int64       `json:"run"` // 0 while the holder has no row in the ledger yet
	Token    string      `json:"token"`
	State    MarkerState `json:"state"`
	Attempt  int         `json:"attempt,omitempty"`
	Entry    string      `json:"entry,omitempty"`
	Host     string      `json:"host,omitempty"`
	PID      int         `json:"pid,omitempty"`
	Started  time.Time   `json:"started,omitzero"`
	Finished time.Time   `json:"finished,omitzero"`
	SlotDate string      `json:"slot_date,omitempty"`
	SlotTime string      `json:"slot_time,omitempty"`
	SlotZone string      `json:"slot_zone,omitempty"`
	// Kept is the digest of the series for which a done marker says done (Kept.Digest); the releases before it wrote none.
	Kept string `json:"kept,omitempty"`
}

// MarkerOf is the marker of a run: done if the run is, else its lease.
func MarkerOf(r Run) Marker {
	state := MarkerLease
	if r.State == StateDone {
		state = MarkerDone
	}
	return Marker{
		Run: r.ID, Token: r.Token, State: state, Attempt: r.Attempt, Entry: r.Entry, Host: r.Host, PID: r.PID,
		Started: r.Started, Finished: r.Finished, SlotDate: r.Slot.Date, SlotTime: r.Slot.Time, SlotZone: r.Slot.Zone,
	}
}

// RunOf is what a marker tells about the run of its slot.
func (m Marker) RunOf(slot Slot) Run {
	state := StateRunning
	if m.State == MarkerDone {
		state = StateDone
	}
	return Run{
		ID: m.Run, Job: slot.Job, Slot: slot, Attempt: m.Attempt, Entry: m.Entry, Host: m.Host,
		PID: m.PID, State: state, Started: m.Started, Finished: m.Finished, Token: m.Token,
	}
}

// Merge is the newest cell of each series: those of later replace those of earlier, in the order of their first appearance.
func Merge(earlier, later []Cell) []Cell {
	type series struct{ instrument, timeframe string }
	index := make(map[series]int, len(earlier)+len(later))
	merged := make([]Cell, 0, len(earlier)+len(later))
	for _, cells := range [][]Cell{earlier, later} {
		for _, c := range cells {
			key := series{c.Instrument, c.Timeframe}
			if i, ok := index[key]; ok {
				merged[i] = c
				continue
			}
			index[key] = len(merged)
			merged = append(merged, c)
		}
	}
	return merged
}
