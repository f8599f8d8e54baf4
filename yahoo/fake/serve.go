package fake

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// scratch is what building one answer needs, kept for the next one.
type scratch struct {
	rows, spare table
	renderer    renderer
	zipped      bytes.Buffer
	zipper      *gzip.Writer
}

// ServeHTTP answers GET /v8/finance/chart/{symbol} as the provider does, and anything else with its 404 page.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := p.options.Now()
	id := p.requests.open(now)
	symbol, ok := strings.CutPrefix(r.URL.Path, path)
	q := &query{symbol: strings.ToUpper(symbol), asked: askedInterval(r.URL.Query())}
	a := answer{refused: noPage()}
	space, _ := p.scratch.Get().(*scratch)
	defer p.scratch.Put(space)
	if ok && !strings.Contains(symbol, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		a = p.answer(r, q, now, id, space)
	}
	p.requests.finish(id, Request{
		Symbol: q.symbol, Interval: q.asked, Period1: q.from, Period2: q.to, Status: a.status(), Rows: a.rows,
		Fault: string(a.fault.Kind),
	})
	a.write(w, r, now, space)
}

// answer is what goes back: a refusal, or else the body in the renderer, maybe spoilt by a fault.
type answer struct {
	fault   Fault
	refused *refusal
	rows    int
	body    []byte
}

func (a *answer) status() int {
	if a.refused != nil {
		return a.refused.status
	}
	return http.StatusOK
}

// answer decides in the provider's order: who asks, how often, what goes wrong, whether the request makes sense, the bars.
func (p *Provider) answer(r *http.Request, q *query, now time.Time, id int, space *scratch) answer {
	limit := p.options.RequestsPerMinute
	agent := p.options.AnyUserAgent || strings.Contains(r.UserAgent(), "Mozilla/")
	if !agent || limit > 0 && p.requests.lately(id) > limit {
		return answer{refused: tooMany()}
	}
	iv, _ := intervalOf(q.asked)
	whole, edits := p.faults.take(q.symbol, iv.as)
	a := answer{fault: whole, refused: whole.refusal()}
	if len(edits) > 0 && whole.Kind == "" {
		a.fault = edits[0]
	}
	l := p.find(q.symbol)
	zone := time.UTC
	if l != nil {
		zone = l.almanac.calendar.Zone
	}
	if refused := q.read(r.URL.Query(), now, zone); a.refused == nil {
		a.refused = refused
	}
	if a.refused == nil && l == nil {
		a.refused = unknownSymbol()
	}
	if a.refused == nil {
		a.refused = q.check(now.Unix(), p.era(l, now.Unix(), lateness(iv.as)).listing.first)
	}
	if a.refused == nil {
		if q, l = p.instead(whole, q, l); l == nil {
			a.refused = unknownSymbol()
			return a
		}
		s := p.served(l, q, now.Unix())
		s.edits, s.answer = edits, uint64(id)
		p.chart(&a, q, s, space)
	}
	return a
}

// instead is what is served for a query: what was asked, unless a fault puts another symbol or interval in its place. The listing
// is nil for a symbol that does not exist.
func (p *Provider) instead(f Fault, asked *query, l *listing) (*query, *listing) {
	q := *asked
	switch f.Kind {
	case OtherSymbol:
		q.symbol, l = f.Other, p.find(f.Other)
	case OtherInterval:
		q.interval, _ = intervalOf(f.Other)
	case OtherRows:
		q.claimed = q.interval.served
		q.interval, _ = intervalOf(f.Other)
	default:
	}
	return &q, l
}

// served prepares the answer to a query, with every change as far as its interval follows it.
func (p *Provider) served(l *listing, q *query, now int64) *series {
	when := lateness(q.interval.as)
	e := p.era(l, now, when)
	s := p.series(e.listing, e.steps(now, when), q.interval, now)
	s.from, s.to, s.currency, s.changes = q.from, q.to, e.currency(now, when), e.changes
	return s
}

// chart builds the body of an answer.
func (p *Provider) chart(a *answer, q *query, s *series, space *scratch) {
	space.rows.reset()
	if a.fault.Kind != Empty {
		s.fill(&space.rows, &space.spare)
	}
	a.rows = space.rows.len()
	events, err := s.events(q)
	if err == nil {
		m := s.meta(q.rangeText)
		if q.claimed != "" {
			m.DataGranularity = q.claimed
		}
		err = space.renderer.chart(m, &space.rows, events, q.interval.seconds == 0)
	}
	if err != nil {
		a.refused = broken(http.StatusInternalServerError)
		return
	}
	a.body = space.renderer.buf
}

// refusal is what a fault puts in place of an answer; nil when it leaves one.
func (f Fault) refusal() *refusal {
	switch f.Kind {
	case Throttle:
		return tooMany()
	case NotFound:
		return unknownSymbol()
	case Portal:
		return noPage()
	case Upstream:
		if f.Status == 0 {
			return broken(http.StatusServiceUnavailable)
		}
		return broken(f.Status)
	default:
		return nil
	}
}

// write sends the answer, compressed when the client takes it so.
func (a *answer) write(w http.ResponseWriter, r *http.Request, now time.Time, space *scratch) {
	h := w.Header()
	h.Set("Date", now.UTC().Format(http.TimeFormat)) // by the provider's clock, which may be another than the machine's
	if a.refused != nil {
		h.Set("Content-Type", a.refused.kind)
		if a.fault.Kind == Throttle && a.fault.RetryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(int((a.fault.RetryAfter+time.Second-1)/time.Second)))
		}
		w.WriteHeader(a.refused.status)
		_, _ = w.Write([]byte(a.refused.body)) // a client that has gone needs no answer
		return
	}
	body := a.body
	if a.fault.Kind == Blank {
		body = nil
	}
	h.Set("Content-Type", kindJSON)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(body) > 0 {
		h.Set("Content-Encoding", "gzip")
		body = space.zip(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	switch {
	case r.Method == http.MethodHead:
	case a.fault.Kind == Truncate:
		_, _ = w.Write(body[:len(body)/2]) // the server closes a connection that falls short of its Content-Length
	case a.fault.Kind == Slow:
		dribble(r.Context(), w, body, a.fault.Delay)
	default:
		_, _ = w.Write(body)
	}
}

func (s *scratch) zip(body []byte) []byte {
	s.zipped.Reset()
	if s.zipper == nil {
		s.zipper, _ = gzip.NewWriterLevel(&s.zipped, gzip.BestSpeed) // fails for an unknown level only
	} else {
		s.zipper.Reset(&s.zipped)
	}
	_, _ = s.zipper.Write(body) // a bytes.Buffer takes everything
	_ = s.zipper.Close()
	return s.zipped.Bytes()
}

// dribble sends a body in drops spread over the delay, and stops when the client leaves.
func dribble(ctx context.Context, w http.ResponseWriter, body []byte, delay time.Duration) {
	const drops = 20
	if delay <= 0 {
		delay = 5 * time.Second
	}
	ticker := time.NewTicker(delay / drops)
	defer ticker.Stop()
	for i := range drops {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := w.Write(body[len(body)*i/drops : len(body)*(i+1)/drops]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // a writer that cannot flush sends the body at the end
	}
}
