package server

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// queueTimeout is how long a request waits for its turn in a lane.
const queueTimeout = 10 * time.Second

// crowded is the slug of what is refused because too many ask.
const crowded = "crowded"

// Crowded tells a client that as many ask as can be served, and when to ask again.
func Crowded(what string, retryAfter time.Duration) *Problem {
	return NewProblem(http.StatusServiceUnavailable, crowded, what+": ask again later").With("Retry-After", Seconds(retryAfter))
}

// errCrowded is what a lane that is full answers.
func errCrowded() *Problem { return Crowded("too many requests are being served", 5*time.Second) }

// Lane bounds what the requests of one kind cost together. Of the turns, as of the room for those that wait for theirs, one
// client gets half at most.
type Lane struct {
	room  int
	turns int64
	all   *semaphore.Weighted

	mu      sync.Mutex
	inside  int
	clients map[string]*visitor
}

// visitor is what a client has in a lane.
type visitor struct {
	inside int
	turns  *semaphore.Weighted
}

// NewLane makes a lane for room requests, of which so many go on at once as have turns; one may need several turns.
func NewLane(room int, turns int64) *Lane {
	return &Lane{room: room, turns: turns, all: semaphore.NewWeighted(turns), clients: map[string]*visitor{}}
}

// Enter waits for n turns, at most as many as one client may have, and returns the function that gives them back. The error
// is a Problem when there is no room, or when no turn came in time.
func (l *Lane) Enter(r *http.Request, n int64) (leave func(), err error) {
	client := clientAt(r.RemoteAddr)
	v, ok := l.admit(client)
	if !ok {
		return nil, errCrowded()
	}
	n = min(max(n, 1), l.share())
	ctx, cancel := context.WithTimeout(r.Context(), queueTimeout)
	defer cancel()
	if err := v.turns.Acquire(ctx, n); err != nil {
		l.dismiss(client, v)
		return nil, late(r, err)
	}
	if err := l.all.Acquire(ctx, n); err != nil {
		v.turns.Release(n)
		l.dismiss(client, v)
		return nil, late(r, err)
	}
	return sync.OnceFunc(func() {
		l.all.Release(n)
		v.turns.Release(n)
		l.dismiss(client, v)
	}), nil
}

// late is the error of a turn that did not come.
func late(r *http.Request, err error) error {
	if r.Context().Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return errCrowded()
	}
	return err
}

// share is how many turns one client may have.
func (l *Lane) share() int64 { return max(1, l.turns/2) }

// admit notes that a client is inside; false when there is no room for it.
func (l *Lane) admit(client string) (*visitor, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.clients[client]
	if l.inside >= l.room || ok && v.inside >= max(1, l.room/2) {
		return nil, false
	}
	if !ok {
		v = &visitor{turns: semaphore.NewWeighted(l.share())}
		l.clients[client] = v
	}
	l.inside++
	v.inside++
	return v, true
}

func (l *Lane) dismiss(client string, v *visitor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	if v.inside--; v.inside == 0 {
		delete(l.clients, client)
	}
}

// clientAt is who is behind a remote address: its IP address, of IPv6 the network of 64 bits, which one machine may have whole.
func clientAt(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := at.Addr().Unmap()
	if ip.Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
