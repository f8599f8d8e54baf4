package scheduler

// Armed is the number of firings to come.
func (c *Cron) Armed() int { return len(c.scheduler.Jobs()) }

// RecentMost is how many slots a gate keeps in mind.
const RecentMost = recentMost
