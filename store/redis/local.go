package redis

import (
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// localTick is how often the in-process server counts down what expires. Each tick walks over every key, 17,000 of them
// for a thousand instruments, so it is not finer than people notice.
const localTick = 250 * time.Millisecond

// local is the in-process server. It listens nowhere: connections are pipes.
type local struct {
	server *miniredis.Miniredis
	stop   chan struct{}
	wg     sync.WaitGroup
}

// startLocal starts a server and the goroutine that drives its clock.
func startLocal(tick time.Duration) *local {
	l := &local{server: miniredis.NewMiniRedis(), stop: make(chan struct{})}
	l.wg.Go(func() { l.drive(tick) })
	return l
}

// drive counts the time to live of all keys down, since miniredis does not do it by itself. (Its ClockTTL mode does, but
// walks over all keys at every command.)
func (l *local) drive(tick time.Duration) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var last time.Time
	for {
		select {
		case <-l.stop:
			return
		case at := <-ticker.C:
			elapsed := tick
			if !last.IsZero() {
				elapsed = at.Sub(last)
			}
			last = at
			l.server.FastForward(elapsed)
		}
	}
}

// close stops the clock and the server and waits for both.
func (l *local) close() {
	close(l.stop)
	l.wg.Wait()
	l.server.Close()
}
