package scheduler

// Armed is the number of firings to come.
func (c *Cron) Armed() int { return len(c.scheduler.Jobs()) }
