package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
)

// Cron is a Trigger that gocron drives. Each firing is a one-time job at an instant that the schedule worked out: gocron's
// own cron jobs would leave out a time that daylight saving skips. Its jobs only pass the word on, so that Close never meets
// one at work, which is when gocron's shutdown spins. Close it after the scheduler has ended.
type Cron struct {
	scheduler gocron.Scheduler
}

// NewCron starts gocron on the clock now, which may be another than the machine's but must run at its pace.
func NewCron(now func() time.Time) (*Cron, error) {
	if now == nil {
		return nil, errors.New("start gocron: no clock")
	}
	s, err := gocron.NewScheduler(gocron.WithClock(wall{clockwork.NewRealClock(), now}), gocron.WithLocation(time.UTC))
	if err != nil {
		return nil, fmt.Errorf("start gocron: %w", err)
	}
	s.Start()
	return &Cron{scheduler: s}, nil
}

// Arm registers a job that runs once.
func (c *Cron) Arm(at time.Time) (fired <-chan struct{}, disarm func(), err error) {
	ready := make(chan struct{}, 1)
	fire := func() {
		select {
		case ready <- struct{}{}:
		default:
		}
	}
	job, err := c.scheduler.NewJob(gocron.OneTimeJob(gocron.OneTimeJobStartDateTime(at)), gocron.NewTask(fire))
	if errors.Is(err, gocron.ErrOneTimeJobStartDateTimePast) {
		fire()
		return ready, func() {}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("register a job at %s with gocron: %w", at, err)
	}
	// gocron keeps a one-time job after it ran; removing it is what frees it.
	return ready, func() { _ = c.scheduler.RemoveJob(job.ID()) }, nil
}

// Close stops gocron. Nothing is armed after it.
func (c *Cron) Close(ctx context.Context) error {
	if err := c.scheduler.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("stop gocron: %w", err)
	}
	return nil
}

// wall is a clock that ticks as the machine's does and shows the time of now, which may be another.
type wall struct {
	clockwork.Clock
	now func() time.Time
}

// Now is the time that the clock shows.
func (w wall) Now() time.Time { return w.now() }

// Since is the time passed since t.
func (w wall) Since(t time.Time) time.Duration { return w.now().Sub(t) }

// Until is the time left until t.
func (w wall) Until(t time.Time) time.Duration { return t.Sub(w.now()) }
