package syncer

import (
	"sync"
	"time"
)

// outagePause is how long Redis is left alone after a call failed: a server that drops packets costs seconds a call.
const outagePause = 15 * time.Second

// outage remembers that a helper of the run, such as the cache, does not answer, so that a run of a thousand series does
// not wait for it a thousand times.
type outage struct {
	mu    sync.Mutex
	until time.Time
}

// over tells whether a call is worth trying.
func (o *outage) over(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !now.Before(o.until)
}

// begin notes a failed call.
func (o *outage) begin(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = now.Add(outagePause)
}
