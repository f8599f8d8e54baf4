package clock

import (
	"fmt"
	"strings"
	"time"
)

// The bounds of a difference between two clocks.
const (
	// WarnAt is the difference that people are told of.
	WarnAt = 30 * time.Second
	// StopAt is the difference with which nothing is run.
	StopAt = 2 * time.Minute
	// RightAt is the difference below which a clock that people were told of counts as right again.
	RightAt = 15 * time.Second
)

// State is how a clock stands.
type State string

// The states of a clock.
const (
	Unknown State = "unknown" // there is nothing to hold it against yet
	Right   State = "right"
	Warned  State = "warned"  // off by more than WarnAt: people are told, runs go on
	Stopped State = "stopped" // off by StopAt or more, or before the release: nothing is run
	Set     State = "set"     // set on purpose, by BARKEEP_NOW: it is held against nothing
)

// The witnesses whose clocks there are.
const (
	Database = "database"
	Provider = "provider"
)

// Off is by how much this process's clock is ahead of another one.
type Off struct {
	Witness string        // Database or Provider
	Ahead   time.Duration // at least; negative where it is behind; 0 when it may be right
}

// String says it for people: "10m0s ahead of the database's".
func (o Off) String() string {
	switch by := o.Ahead.Abs().Round(time.Second); {
	case by == 0:
		return "as the " + o.Witness + "'s"
	case o.Ahead > 0:
		return fmt.Sprintf("%s ahead of the %s's", by, o.Witness)
	default:
		return fmt.Sprintf("%s behind the %s's", by, o.Witness)
	}
}

// Judgement is how a clock stands, and by what.
type Judgement struct {
	State    State
	Witness  string        // whose clock differs most; empty where there is none, and where the release is the witness
	Ahead    time.Duration // of that clock
	Offs     []Off         // of every witness that is known
	Now      time.Time     // what the clock shows
	Released time.Time     // when this program was released, where the clock is before it
}

// Known tells whether the clock was held against another one.
func (j Judgement) Known() bool { return len(j.Offs) > 0 }

// String says for people how the clock stands.
func (j Judgement) String() string {
	switch {
	case j.State == Set:
		return "set by BARKEEP_NOW; held against no other clock"
	case !j.Released.IsZero():
		return fmt.Sprintf("it shows %s, which is before this release of %s", j.Now.UTC().Format(time.RFC3339),
			j.Released.UTC().Format(time.DateOnly))
	case len(j.Offs) == 0:
		return "not held against another clock yet"
	}
	var each []string
	for _, off := range j.Offs {
		each = append(each, off.String())
	}
	text := strings.Join(each, ", ")
	if len(each) > 1 && (j.State == Warned || j.State == Stopped) {
		text += ": at least one of them is wrong"
	}
	return text
}

// Remedy is what to do about a clock that is off; empty for one that is not.
func (j Judgement) Remedy() string {
	switch j.State {
	case Stopped, Warned:
		return "set this machine's clock and have it kept right (timedatectl set-ntp true, or chrony)" + j.otherwise()
	default:
		return ""
	}
}

// otherwise says what else it may be.
func (j Judgement) otherwise() string {
	if j.Witness == Database {
		return ", or that of the database's machine if that one is wrong"
	}
	return ""
}

// Err is the error of a clock by which nothing may be run; nil for any other.
func (j Judgement) Err() error {
	if j.State != Stopped {
		return nil
	}
	return Error{j}
}

// Error tells that nothing is run because of the clock.
type Error struct{ Judgement Judgement }

// Error is for people, and may be shown to clients.
func (e Error) Error() string {
	return fmt.Sprintf("nothing is run while this machine's clock is wrong: %s; %s", e.Judgement, e.Judgement.Remedy())
}

// of judges what the witnesses say.
func of(offs []Off) Judgement {
	j := Judgement{State: Unknown, Offs: offs}
	for _, off := range offs {
		if j.Witness == "" || off.Ahead.Abs() > j.Ahead.Abs() {
			j.Witness, j.Ahead = off.Witness, off.Ahead
		}
	}
	switch by := j.Ahead.Abs(); {
	case len(offs) == 0:
	case by >= StopAt:
		j.State = Stopped
	case by > WarnAt:
		j.State = Warned
	default:
		j.State = Right
	}
	return j
}
