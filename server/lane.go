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

// The slugs of what is refused because too much is asked: of all together, or of the one client.
const (
	crowded = "crowded"
	tooMany = "too-many-requests"
)

// Crowded tells a client that as many ask as can be served, and when to ask again.
func Crowded(what string, retryAfter time.Duration) *Problem {
	return NewProblem(http.StatusServiceUnavailable, crowded, what+": ask again later").With("Retry-After", Seconds(retryAfter))
}

// Refused is Crowded, or where the client has half or more of what there is by itself, that it asks too much (429, RFC 6585
// section 4).
func Refused(greedy bool, what string, retryAfter time.Duration) *Problem {
	if !greedy {
		return Crowded(what, retryAfter)
	}
	return NewProblem(http.StatusTooManyRequests, tooMany, what+", and half of them or more are this client's: ask again later").
		With("Retry-After", Seconds(retryAfter))
}

// Lane bounds what the requests of one kind cost together: how many there are, those that wait for their turn included, and how
// many turns are taken. Of the turns one client gets half at most. When there is no room, whoever comes gets that of the client
// that has the most requests, unless it would then have more itself: that client's newest one that waits for its turn is refused.
// Who is refused is told whether that is for its own requests, which are half or more, or for those of all.
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
	taken  int64 // turns
	turns  *semaphore.Weighted
}

// queued is a request that waits for its turn.
type queued struct {
	client string
	refuse context.CancelFunc
	pushed bool // out by another client's
	greedy bool // it was pushed out when its client had half or more of the room
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
	place := &queued{client: ClientOf(r), refuse: cancel}
	v, ok := l.admit(place)
	if !ok {
		return nil, refusedTurn(place.greedy)
	}
	n = min(max(n, 1), l.share())
	if err = v.turns.Acquire(ctx, n); err == nil {
		if err = l.all.Acquire(ctx, n); err != nil {
			v.turns.Release(n)
		}
	}
	greedy := l.unqueue(place, v, n, err == nil)
	if err != nil {
		l.dismiss(place.client, v, 0)
		if r.Context().Err() == nil {
			err = refusedTurn(greedy)
		}
		return nil, err
	}
	return sync.OnceFunc(func() {
		l.all.Release(n)
		v.turns.Release(n)
		l.dismiss(place.client, v, n)
	}), nil
}

// refusedTurn is what a request gets that has no turn.
func refusedTurn(greedy bool) *Problem {
	return Refused(greedy, "too many requests are being served", 5*time.Second)
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
		place.greedy = l.half(v)
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
	out := l.queue[victim]
	out.pushed, out.greedy = true, l.half(l.clients[out.client])
	out.refuse()
	l.queue = slices.Delete(l.queue, victim, victim+1)
	return true
}

// half tells whether a client has half of the room or more.
func (l *Lane) half(v *visitor) bool { return 2*v.inside >= l.room }

// unqueue notes that a request waits no longer: it has n turns, or does not get them. Greedy tells why not: its client had half
// of the room or more when it was pushed out, or has so many turns that its own share was too little.
func (l *Lane) unqueue(place *queued, v *visitor, n int64, got bool) (greedy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.queue, place); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
	if got {
		v.taken += n
	}
	if place.pushed {
		return place.greedy
	}
	return v.taken+n > l.share()
}

func (l *Lane) dismiss(client string, v *visitor, turns int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.taken -= turns
	l.inside--
	if v.inside--; v.inside == 0 {
		delete(l.clients, client)
	}
}

// ClientOf is whose a request is.
func ClientOf(r *http.Request) string { return clientAt(r.RemoteAddr) }

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
