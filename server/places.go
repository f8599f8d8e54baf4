package server

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Places bounds how many requests wait at once. When all are taken, whoever comes gets the place of the client that has the
// most, unless it would then have more itself: that client's oldest request is asked to leave, and answers with what is known.
type Places struct {
	most int
	open *connections

	mu    sync.Mutex
	taken []*Place // the oldest first
}

// Place is one request's. Leave it.
type Place struct {
	places  *Places
	client  string
	waiting context.Context // ends with the wait
	end     context.CancelFunc
	leave   []func()
}

// take gives a request a place for the time of its wait, or until all ends; a Problem when there is none.
func (p *Places) take(all context.Context, r *http.Request, wait time.Duration) (*Place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	client := ClientOf(r)
	if len(p.taken) >= p.most {
		if made, greedy := p.makeRoom(client); !made {
			return nil, Refused(greedy, "too many requests wait", 10*time.Second)
		}
	}
	place := &Place{places: p, client: client}
	place.waiting, place.end = context.WithTimeout(r.Context(), wait)
	stop := context.AfterFunc(all, place.end)
	release := p.open.hold(r.Context()) //nolint:contextcheck // the connection is the request's
	place.leave = []func(){place.end, func() { stop() }, release}
	p.taken = append(p.taken, place)
	return place, nil
}

// makeRoom takes a place from the client that has the most. None is made when the one that asks has as many, but for one; greedy
// tells whether it has half or more of them.
func (p *Places) makeRoom(client string) (made, greedy bool) {
	count := map[string]int{}
	heaviest := ""
	for _, place := range p.taken {
		if count[place.client]++; count[place.client] > count[heaviest] {
			heaviest = place.client
		}
	}
	if count[heaviest] < count[client]+2 {
		return false, 2*count[client] >= p.most
	}
	i := slices.IndexFunc(p.taken, func(other *Place) bool { return other.client == heaviest })
	p.taken[i].end()
	p.taken = slices.Delete(p.taken, i, i+1)
	return true, false
}

// Over is closed when the request should answer: its wait is over, another needs the place, or the server stops.
func (p *Place) Over() <-chan struct{} { return p.waiting.Done() }

// Within is over when Over is, and after so long. Cancel it.
func (p *Place) Within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.waiting, d)
}

// Leave gives the place back.
func (p *Place) Leave() {
	for _, leave := range p.leave {
		leave()
	}
	p.places.mu.Lock()
	defer p.places.mu.Unlock()
	if i := slices.Index(p.places.taken, p); i >= 0 {
		p.places.taken = slices.Delete(p.places.taken, i, i+1)
	}
}
