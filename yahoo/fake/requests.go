package fake

import (
	"slices"
	"sync"
	"time"
)

// Request is one request that the provider was sent, and how it answered.
type Request struct {
	Time     time.Time // by Options.Now
	Symbol   string    // as asked, upper case
	Interval string    // as asked
	Period1  int64     // Unix seconds; 0 where the query was not read that far
	Period2  int64     // Unix seconds
	Status   int       // HTTP status
	Rows     int       // rows of the body, null rows and the live row included
	Fault    string    // kind of the fault that was injected into the answer; "" for none
}

// requestLog keeps the requests, safe for concurrent use.
type requestLog struct {
	mu  sync.Mutex
	all []Request
}

// open records that a request came in at an instant, and gives the number that finish wants.
func (l *requestLog) open(at time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, Request{Time: at})
	return len(l.all) - 1
}

// lately is how many requests came in the minute up to one of them, itself included.
func (l *requestLog) lately(id int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for i := id; i >= 0 && l.all[id].Time.Sub(l.all[i].Time) < time.Minute; i-- {
		n++
	}
	return n
}

func (l *requestLog) finish(id int, r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Time = l.all[id].Time
	l.all[id] = r
}

// Requests lists the requests in the order in which they came. A request still being answered has no status.
func (p *Provider) Requests() []Request {
	p.requests.mu.Lock()
	defer p.requests.mu.Unlock()
	return slices.Clone(p.requests.all)
}

// Count is the number of requests that came so far, refused ones included.
func (p *Provider) Count() int {
	p.requests.mu.Lock()
	defer p.requests.mu.Unlock()
	return len(p.requests.all)
}

// Busiest is the most requests that came within any half-open window of the length; what a pacing of n a minute must keep
// at or below n.
func (p *Provider) Busiest(window time.Duration) int {
	all := p.Requests()
	slices.SortStableFunc(all, func(a, b Request) int { return a.Time.Compare(b.Time) })
	most, first := 0, 0
	for i := range all {
		for all[i].Time.Sub(all[first].Time) >= window && first < i {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
