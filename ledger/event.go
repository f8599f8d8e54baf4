package ledger

import "time"

// EventKind tells what happened in a run.
type EventKind string

// The kinds of events. Begun is the first of a run, Ended or Lost the last; a run that was abandoned has an Ended too, which
// the process sends that found it.
const (
	EventBegun   EventKind = "begun"   // the run has its row in the ledger
	EventPlanned EventKind = "planned" // what is to be done is known: Tasks
	EventTask    EventKind = "task"    // a base series begins: Series
	EventWaiting EventKind = "waiting" // the run, or a series of it, waits: Waiting, Until
	EventCells   EventKind = "cells"   // a base series ended, and all that derives from it: Series, Cells
	EventEnded   EventKind = "ended"   // the ledger knows how the run ended: Run.State and Run.Reason; Cells are all of this run
	EventLost    EventKind = "lost"    // the run was taken over, or its end could not be recorded: another process will tell
)

// Event is one thing that happened in a run, for whoever follows it.
type Event struct {
	Kind    EventKind
	Run     Run
	At      time.Time
	Tasks   int       // base series that the run works through
	Series  string    // such as "ES 5m"; empty when the run as a whole is meant
	Waiting string    // what is waited for
	Until   time.Time // when the waiting ends; zero when that is not known
	Cells   []Cell
}

// After is the progress of a run once the event has happened.
func (p Progress) After(e Event) Progress {
	p.At = e.At
	switch e.Kind {
	case EventPlanned:
		p.Tasks, p.Waiting, p.Until = e.Tasks, "", time.Time{}
	case EventTask:
		p.Now, p.Waiting, p.Until = e.Series, "", time.Time{}
	case EventWaiting:
		p.Waiting, p.Until = e.Waiting, e.Until
		if e.Series != "" {
			p.Now = e.Series
		}
	case EventCells:
		p.Waiting, p.Until = "", time.Time{}
		p.Ended++
		failed := false
		for _, c := range e.Cells {
			failed = failed || !c.State.OK()
			p.Requests += c.Requests
			p.Inserted += c.Inserted
		}
		if failed {
			p.Failed++
		}
	case EventBegun, EventEnded, EventLost:
	}
	return p
}
