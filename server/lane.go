package server

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
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

// Lane bounds what the requests of one kind cost together: how many there are, those that wait for their turn included, and how
// many turns are taken. Of the turns one client gets half at most. When there is no room, whoever comes gets that of the client
// that has the most requests, unless it would then have more itself: that client's newest one that waits for its turn is refused.
type Lane struct {
	room  int
	turns int64
	all   *semaphore.Weighted

	mu      sync.Mutex
	inside  int
	clients map[string]*visitor
	queue   []*queued // those that wait for their turn, the oldest first
}

// visitor is what a client has in a lane.
type visitor struct {
	inside int
	turns  *semaphore.Weighted
}

// queued is a request that waits for its turn.
type queued struct {
	client string
	refuse context.CancelFunc
}

// NewLane makes a lane for room requests, with so many turns; one request may need several.
func NewLane(room int, turns int64) *Lane {
	return &Lane{room: room, turns: turns, all: semaphore.NewWeighted(turns), clients: map[string]*visitor{}}
}

// enter waits for n turns, at most as many as one client may have, and returns the function that gives them back. The error
// is a Problem when there is no room, or when no turn came in time.
func (l *Lane) enter(r *http.Request, n int64) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(r.Context(), queueTimeout)
	defer cancel()
	place := &queued{client: clientAt(r.RemoteAddr), refuse: cancel}
	v, ok := l.admit(place)
	if !ok {
		return nil, errCrowded()
	}
	n = min(max(n, 1), l.share())
	if err = v.turns.Acquire(ctx, n); err == nil {
		if err = l.all.Acquire(ctx, n); err != nil {
			v.turns.Release(n)
		}
	}
	l.unqueue(place)
	if err != nil {
		l.dismiss(place.client, v)
		if r.Context().Err() == nil {
			err = errCrowded()
		}
		return nil, err
	}
	return sync.OnceFunc(func() {
		l.all.Release(n)
		v.turns.Release(n)
		l.dismiss(place.client, v)
	}), nil
}

// share is how many turns one client may have.
func (l *Lane) share() int64 { return max(1, l.turns/2) }

// admit notes that a client is inside and waits for its turn; false when there is no room for it.
func (l *Lane) admit(place *queued) (*visitor, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.clients[place.client]
	if !ok {
		v = &visitor{turns: semaphore.NewWeighted(l.share())}
	}
	if l.inside >= l.room && !l.makeRoom(v.inside) {
		return nil, false
	}
	l.clients[place.client] = v
	l.queue = append(l.queue, place)
	l.inside++
	v.inside++
	return v, true
}

// makeRoom refuses one request of the client that has the most inside; false when whoever comes has as many, but for one.
func (l *Lane) makeRoom(has int) bool {
	victim := -1
	for i, place := range l.queue {
		if n := l.clients[place.client].inside; n >= has+2 && (victim < 0 || n >= l.clients[l.queue[victim].client].inside) {
			victim = i
		}
	}
	if victim < 0 {
		return false
	}
	l.queue[victim].refuse()
	l.queue = slices.Delete(l.queue, victim, victim+1)
	return true
}

func (l *Lane) unqueue(place *queued) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.queue, place); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
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
