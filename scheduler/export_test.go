package scheduler

import "time"

// Timer is a Trigger of plain timers, on the clock that it is given.
type Timer struct {
	Now func() time.Time
}

// Arm starts a timer.
func (t Timer) Arm(at time.Time) (fired <-chan struct{}, disarm func(), err error) {
	ready := make(chan struct{})
	timer := time.AfterFunc(at.Sub(t.Now()), func() { close(ready) })
	return ready, func() { timer.Stop() }, nil
}

// Armed is the number of firings to come.
func (c *Cron) Armed() int { return len(c.scheduler.Jobs()) }
