package store

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// The rates that a budget can have: one request in 16.7 hours, and where spacings end to be whole microseconds.
const (
	slowest = 0.001
	fastest = 1e6
)

// MaxDelay is how much later than its moment a request may be sent: the spacing allows for it. A budget whose answer takes longer
// gives the moment up and reserves another one.
const MaxDelay = 500 * time.Millisecond

// DayEnd is the end of a UTC day in which no moment lies: a request that is sent late, or takes long to arrive, would be one of
// the next day.
const DayEnd = time.Second

// CheckBudget says what is wrong with the name or the limits of a budget; nil when nothing is.
func CheckBudget(name string, limits Limits) error {
	switch {
	case name == "":
		return errors.New("a budget needs a name")
	case !(limits.PerMinute >= slowest && limits.PerMinute <= fastest):
		return fmt.Errorf("budget %s: %v requests a minute: accepted are %v to %.0f", name, limits.PerMinute, slowest, fastest)
	case limits.PerDay < 0:
		return fmt.Errorf("budget %s: %d requests a day: accepted are 0 (no bound) or more", name, limits.PerDay)
	}
	return nil
}

// CheckLease says what is wrong with the name, the token or the length of a lease; nil when nothing is.
func CheckLease(name, token string, ttl time.Duration) error {
	if name == "" || token == "" || ttl < time.Millisecond {
		return fmt.Errorf("lease %q for %s: needs a name, a token and at least a millisecond", name, ttl)
	}
	return nil
}

// Horizon is how far beyond the moment asked for the moments can lie that processes reserved. One further away was reserved by a
// clock that has been set back since, and is not waited for.
func (l Limits) Horizon() time.Duration {
	const least, spacings = 2 * time.Hour, 100
	return max(least, spacings*l.Spacing())
}

// Spacing is the time between two requests, in whole microseconds. It is 1% longer than the rate asks for: so many spacings
// as a minute has requests then last 60.6 s, and no minute sees one more, also when one is sent up to MaxDelay later than
// planned and another one is not.
func (l Limits) Spacing() time.Duration {
	const margin = 1.01
	return time.Duration(math.Ceil(60e6*margin/l.PerMinute)) * time.Microsecond
}
