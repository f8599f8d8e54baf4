package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"barkeep/ledger"
)

// Plan is what is run when.
type Plan struct {
	Schedule ledger.Schedule // with its job; each job has one plan at most
	// CatchUp is how late a slot may be begun whose time passed while no process was up; 0: until the next slot.
	CatchUp time.Duration
	// After is a job whose run in progress is waited for before this one begins; empty for none.
	After ledger.Job
}

// Config wires a scheduler. Gate, Book, Plans, Trigger, Now and Logger are required.
type Config struct {
	Gate    *Gate
	Book    SlotBook
	Plans   []Plan
	Trigger Trigger
	Teller  *Teller // nil: nobody is told; what was missed is recorded all the same
	Now     func() time.Time
	Logger  *slog.Logger

	RetryFirst time.Duration  // the pause after a first failed attempt, doubled with each; 1 minute by default
	RetryMost  time.Duration  // the longest pause; 30 minutes by default
	CheckEvery time.Duration  // how often the clock is looked at, which may jump; 1 minute by default
	AuditEvery time.Duration  // 5 minutes by default
	Grace      time.Duration  // how late a slot may be without a finished run before people are told; 1 hour by default
	Random     func() float64 // in [0, 1), for jitter; math/rand by default
}

// Scheduler runs each plan's slots at their times, catches up, tries again, and audits. Any number of processes may do so for
// the same ledger at once.
type Scheduler struct{ Config }

// New checks the configuration and fills in its defaults.
func New(c Config) (*Scheduler, error) {
	if c.Gate == nil || c.Book == nil || c.Trigger == nil || c.Now == nil || c.Logger == nil || len(c.Plans) == 0 {
		return nil, errors.New("scheduler: Gate, Book, Plans, Trigger, Now and Logger are required")
	}
	orDefault(&c.RetryFirst, time.Minute)
	orDefault(&c.RetryMost, 30*time.Minute)
	orDefault(&c.CheckEvery, time.Minute)
	orDefault(&c.AuditEvery, 5*time.Minute)
	orDefault(&c.Grace, time.Hour)
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

// Run schedules until ctx ends, and returns when everything it started has ended: within the time that Work takes to obey,
// and the gate's last words.
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
	pause := s.RetryFirst
	for range min(attempt, 32) - 1 {
		pause = min(2*pause, s.RetryMost)
	}
	return pause
}

// jitter draws from 0.8 to 1.2 of a pause.
func (s *Scheduler) jitter(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.8 + 0.4*s.Random()))
}
