package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"barkeep/ledger"
	"barkeep/store"
)

// Step is how far a run has come.
type Step string

// The steps of a run, in their order. A run ad hoc has no marker, and so neither the first nor the last of them.
const (
	StepMarked   Step = "marked"   // the marker is claimed, or cannot be
	StepClaimed  Step = "claimed"  // the run is in the ledger
	StepWorked   Step = "worked"   // the last cell is committed
	StepFinished Step = "finished" // the ledger has the run as ended
	StepLeft     Step = "left"     // the marker says done, or is given back
)

// Config wires a gate. Ledger, Work, Now and Logger are required.
type Config struct {
	Ledger  store.Gate
	Markers Markers // nil: the ledger alone decides
	Work    Work    // of slots
	// Kept are the series that this process keeps: a slot is done when each of them has its evidence. The zero Kept is for those
	// to whom a slot is done when any run of it is.
	Kept ledger.Kept
	// May tells whether a run may be begun now; its error is what the caller gets instead of a run. It is asked before anything is
	// claimed. Nil: always.
	May       func(ctx context.Context) error
	Listeners []Listener
	Now       func() time.Time
	Logger    *slog.Logger
	Host      string // of this process, for the ledger and the marker
	PID       int

	Lease         time.Duration          // how long a run may go without a heartbeat; 90 s by default
	Heartbeat     time.Duration          // the pause between two heartbeats; a sixth of Lease by default, at most a third
	Deadline      time.Duration          // of the work of one run; 2 hours by default; at least Lease
	Poll          time.Duration          // the mean pause between two looks at another's run; 1.25 s by default
	Progress      time.Duration          // the shortest pause between two words of a run's progress to the ledger; 3 s by default
	MarkerTTL     time.Duration          // how long a done marker lives; 7 days by default
	MarkerTimeout time.Duration          // of one question to Markers; 2 s by default
	LedgerTimeout time.Duration          // of one question to the ledger, and of asking again after errors; 15 s by default
	StopTimeout   time.Duration          // for recording how a run ended whose process is stopped; 5 s by default
	ListenTimeout time.Duration          // how long a run that has ended waits for its listeners; 1 s by default
	Random        func() float64         // in [0, 1), for jitter; math/rand by default
	OnStep        func(Step, ledger.Run) // nil: nobody watches; called by the goroutine that asked
}

// New checks the configuration and fills in its defaults. All that is wrong is reported at once.
func New(c Config) (*Gate, error) {
	if c.Ledger == nil || c.Work == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("run gate: Ledger, Work, Now and Logger are required")
	}
	c.Lease = cmp.Or(c.Lease, 90*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, c.Lease/6)
	c.Deadline = cmp.Or(c.Deadline, 2*time.Hour)
	c.Poll = cmp.Or(c.Poll, 1250*time.Millisecond)
	c.Progress = cmp.Or(c.Progress, 3*time.Second)
	c.MarkerTTL = cmp.Or(c.MarkerTTL, 7*24*time.Hour)
	c.MarkerTimeout = cmp.Or(c.MarkerTimeout, 2*time.Second)
	c.LedgerTimeout = cmp.Or(c.LedgerTimeout, 15*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 5*time.Second)
	c.ListenTimeout = cmp.Or(c.ListenTimeout, time.Second)
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.May == nil {
		c.May = func(context.Context) error { return nil }
	}
	if c.OnStep == nil {
		c.OnStep = func(Step, ledger.Run) {}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Gate{c, newRecent()}, nil
}

// check tells all durations that cannot work together.
func (c Config) check() error {
	var wrong []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf("run gate: "+format, args...))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"Lease", c.Lease},
		{"Heartbeat", c.Heartbeat},
		{"Deadline", c.Deadline},
		{"Poll", c.Poll},
		{"Progress", c.Progress},
		{"MarkerTTL", c.MarkerTTL},
		{"MarkerTimeout", c.MarkerTimeout},
		{"LedgerTimeout", c.LedgerTimeout},
		{"StopTimeout", c.StopTimeout},
		{"ListenTimeout", c.ListenTimeout},
	} {
		refuse(d.value <= 0, "%s is %s, accepted is more than 0", d.name, d.value)
	}
	refuse(c.Lease > c.Deadline, "the lease %s is longer than the deadline %s, accepted is at most that", c.Lease, c.Deadline)
	refuse(c.Lease < 3*c.Heartbeat, "the lease %s is shorter than three heartbeats of %s", c.Lease, c.Heartbeat)
	refuse(c.MarkerTTL < c.Deadline, "a done marker that lives %s is gone before the deadline %s", c.MarkerTTL, c.Deadline)
	return errors.Join(wrong...)
}
