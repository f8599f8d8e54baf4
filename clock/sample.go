package clock

import (
	"slices"
	"time"
)

// sample is one look at another clock.
type sample struct {
	ahead  time.Duration // how much ours was ahead at least; negative where it was behind
	at     time.Duration // when, by the monotonic clock
	anchor time.Time     // what our clock showed at the monotonic clock's zero: another value means that it was set since
}

// ahead is by how much our clock is certainly ahead of another one, which was read between sent and received and showed an
// instant from low to high. It is 0 when both may be right: a slow answer proves little.
func ahead(sent, received, low, high time.Time) time.Duration {
	least, most := sent.Sub(high), received.Sub(low)
	switch {
	case least > 0:
		return least
	case most < 0:
		return most
	default:
		return 0
	}
}

// median is what several answers say together. One alone that differs by more than WarnAt says nothing yet: it may come out of a
// cache, or from a server whose own clock is wrong. Of two the smaller counts, of three the middle one.
func median(samples []sample) (ahead time.Duration, known bool) {
	var all []time.Duration
	for _, s := range samples {
		all = append(all, s.ahead)
	}
	slices.Sort(all)
	switch n := len(all); {
	case n == 0, n == 1 && all[0].Abs() > WarnAt:
		return 0, false
	case n == 2 && all[0] < 0 && all[1] > 0:
		return 0, true // they contradict one another
	case n == 2 && all[1] <= 0:
		return all[1], true
	default:
		return all[(n-1)/2], true
	}
}
