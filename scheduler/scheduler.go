package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"barkeep/ledger"
	"barkeep/store"
)

// Plan is what is run when.
type Plan struct {
	Schedule ledger.Schedule // with its job and its past (ledger.Schedule.After); each job has one plan at most
	// Since is when the job was scheduled first, before which no slot was due; zero for the process's start.
	Since time.Time
	// CatchUp is how late a slot may be begun whose time passed while no process was up; 0: until the next slot.
	CatchUp time.Duration
}

// Config wires a scheduler. RunSlot, Slots, Plans, Trigger, Now and Logger are required.
type Config struct {
	RunSlot Run
	Slots   store.Slots
	Plans   []Plan
	Kept    ledger.Kept // the series for which a slot is judged
	Trigger Trigger
	Notices Notices // nil: nobody is told; what was missed is recorded all the same
	// May tells whether the clock can be believed; while it returns an error no slot is judged as missed. Nil: always. That no slot
	// is run then is RunSlot's affair.
	May    func(ctx context.Context) error
	Now    func() time.Time
	Logger *slog.Logger

	RetryFirst time.Duration  // the pause after a first failed attempt, doubled with each; 1 minute by default
	RetryMost  time.Duration  // the longest pause; 30 minutes by default
	CheckEvery time.Duration  // how often the clock is looked at, which may jump; 1 minute by default
	AuditEvery time.Duration  // 5 minutes by default
	Grace      time.Duration  // how late a slot may be without a finished run before people are told; 1 hour by default
	Random     func() float64 // in [0, 1), for jitter; math/rand by default
}

// ledgerTimeout bounds one question to the ledger.
const ledgerTimeout = 15 * time.Second

// Scheduler runs each plan's slots at their times, catches up, tries again, and audits. Any number of processes may do so for
// the same ledger at once.
type Scheduler struct{ Config }

// New checks the configuration and fills in its defaults.
func New(c Config) (*Scheduler, error) {
	if c.RunSlot == nil || c.Slots == nil || c.Trigger == nil || c.Now == nil || c.Logger == nil || len(c.Plans) == 0 {
		return nil, errors.New("scheduler: RunSlot, Slots, Plans, Trigger, Now and Logger are required")
	}
	for value, def := range map[*time.Duration]time.Duration{
		&c.RetryFirst: time.Minute, &c.RetryMost: 30 * time.Minute, &c.CheckEvery: time.Minute, &c.AuditEvery: 5 * time.Minute,
		&c.Grace: time.Hour,
	} {
		if *value == 0 {
			*value = def
		}
	}
	if c.May == nil {
		c.May = func(context.Context) error { return nil }
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.RetryFirst <= 0 || c.RetryMost < c.RetryFirst || c.CheckEvery <= 0 || c.AuditEvery <= 0 || c.Grace <= 0 {
		return nil, fmt.Errorf("scheduler: RetryFirst %s, RetryMost %s, CheckEvery %s, AuditEvery %s and Grace %s must be more than "+
			"0, and RetryMost at least RetryFirst", c.RetryFirst, c.RetryMost, c.CheckEvery, c.AuditEvery, c.Grace)
	}
	jobs := map[ledger.Job]bool{}
	for _, p := range c.Plans {
		if p.Schedule.Len() == 0 || p.CatchUp < 0 || jobs[p.Schedule.Job()] {
			return nil, fmt.Errorf("scheduler: the plan of %q needs times, a CatchUp of 0 or more, and no other plan of its job",
				p.Schedule.Job())
		}
		jobs[p.Schedule.Job()] = true
	}
	return &Scheduler{c}, nil
}

// Run schedules until ctx ends, and returns when everything it started has ended: within the time that a run takes to stop.
func (s *Scheduler) Run(ctx context.Context) {
	var parts sync.WaitGroup
	started := s.Now()
	for _, plan := range s.Plans {
		l := &lane{Scheduler: s, plan: plan, awake: started}
		parts.Go(func() { l.run(ctx) })
	}
	parts.Go(func() { newAuditor(s, started).run(ctx) })
	parts.Wait()
}

// retryPause is how long to wait after an attempt that failed. It grows with the attempts that the ledger counts, so that
// replicas and restarts share it.
func (s *Scheduler) retryPause(attempt int) time.Duration {
	return growing(s.RetryFirst, s.RetryMost, attempt)
}

// growing is the n-th (from 1) of pauses that begin with first and double up to most.
func growing(first, most time.Duration, n int) time.Duration {
	pauses := backoff.ExponentialBackOff{InitialInterval: first, Multiplier: 2, MaxInterval: most}
	for range min(n, 32) - 1 {
		pauses.NextBackOff()
	}
	return pauses.NextBackOff()
}

// jitter draws from 0.8 to 1.2 of a pause.
func (s *Scheduler) jitter(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.8 + 0.4*s.Random()))
}
