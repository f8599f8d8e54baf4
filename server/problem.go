package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
)

// Problem is an error as clients see it (RFC 9457), and an error that handlers return.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// ID is in the log beside what is not shown.
	ID string `json:"id,omitempty"`
	// Invalid are the inputs that were refused.
	Invalid []Invalid `json:"invalid,omitempty"`
	// Missing are the parts without which the process cannot work.
	Missing []Missing `json:"missing,omitempty"`
	// Lacks is what a window lacks of what was required of it.
	Lacks []view.Lack `json:"lacks,omitempty"`

	header http.Header
}

// Invalid is one refused input.
type Invalid struct {
	In        string `json:"in"` // "query", "path" or "body"
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Accepted  string `json:"accepted"`
}

// Missing is one part that does not answer.
type Missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Error is for the log.
func (p *Problem) Error() string { return strconv.Itoa(p.Status) + " " + p.Title + ": " + p.Detail }

// NewProblem makes a problem; slug names its type for programs.
func NewProblem(status int, slug, detail string) *Problem {
	return &Problem{
		Type: typeOf(slug), Title: http.StatusText(status), Status: status, Detail: detail, header: http.Header{},
	}
}

// typeOf is the type of the problems with a slug.
func typeOf(slug string) string { return "urn:barkeep:problem:" + slug }

// With sets a header of the answer.
func (p *Problem) With(key, value string) *Problem {
	p.header.Set(key, value)
	return p
}

// BadInput refuses inputs; all of them at once.
func BadInput(found []Invalid) *Problem {
	said := make([]string, len(found))
	for i, f := range found {
		said[i] = f.Parameter + " is " + strconv.Quote(f.Value) + ": accepted is " + f.Accepted
	}
	p := NewProblem(http.StatusBadRequest, "bad-input", strings.Join(said, "; "))
	p.Invalid = found
	return p
}

// sentinel is what clients see of a sentinel error.
type sentinel struct {
	err        error
	status     int
	slug       string
	detail     string
	retryAfter time.Duration
}

// sentinels is the one table from sentinel errors to what clients see. Their texts are fixed: what was wrapped around a
// sentinel on its way may hold internals.
func sentinels() []sentinel {
	return []sentinel{
		{ledger.ErrSlot, http.StatusNotFound, "no-such-slot", "the schedule has no such slot", 0},
		{ledger.ErrLost, http.StatusConflict, "held", "another process took the run over", 30 * time.Second},
		{
			store.ErrBeforeArrivals, http.StatusUnprocessableEntity, "before-arrivals",
			"what was known at that instant is not recorded: it is before the first arrival", 0,
		},
		{query.ErrFuture, http.StatusUnprocessableEntity, "not-yet", "that instant has not come yet", 0},
		{ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "a part that is needed cannot be reached now", 10 * time.Second},
		{errStopped, http.StatusServiceUnavailable, "unavailable", "the server is stopping", 10 * time.Second},
		{
			context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout", "a part that is needed did not answer in time",
			10 * time.Second,
		},
	}
}

// problemOf turns any error into what the client sees; known is false when the text was withheld.
func problemOf(err error) (p *Problem, known bool) {
	if errors.As(err, &p) {
		return p, true
	}
	for _, a := range sentinels() {
		if errors.Is(err, a.err) {
			p = NewProblem(a.status, a.slug, a.detail)
			if a.retryAfter > 0 {
				p.header.Set("Retry-After", Seconds(a.retryAfter))
			}
			return p, true
		}
	}
	p = NewProblem(http.StatusInternalServerError, "internal", "something went wrong inside; the log has more under this id")
	p.ID = rand.Text()
	return p, false
}

// fail answers with a problem, and logs what the client is not told.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client has gone
	}
	p, known := problemOf(err)
	switch {
	case !known:
		s.Logger.ErrorContext(r.Context(), "request failed", "id", p.ID, "method", r.Method, "path", r.URL.Path, "error", err)
	case p.Status >= http.StatusInternalServerError:
		s.Logger.WarnContext(r.Context(), "request not served", "status", p.Status, "method", r.Method, "path", r.URL.Path,
			"error", err)
	}
	p.announce(w.Header())
	s.write(w, p.Status, "application/problem+json", p)
}

// announce sets the headers of a problem.
func (p *Problem) announce(h http.Header) {
	for key, values := range p.header {
		h[key] = values
	}
	if p.busy() {
		h.Set("Connection", "close") // it makes room
	}
}

// busy tells whether the same may be asked again, since it was not begun: too many ask.
func (p *Problem) busy() bool { return p.Type == typeOf(crowded) || p.Type == typeOf(tooMany) }

// Busy finds the Problem of a request that was not begun, since its client or all together ask too much, and sets its headers:
// for doors that tell errors in another form.
func Busy(w http.ResponseWriter, err error) (p *Problem, ok bool) {
	if !errors.As(err, &p) || !p.busy() {
		return nil, false
	}
	p.announce(w.Header())
	return p, true
}

// JSON answers 200 with a value.
func (s *Server) JSON(w http.ResponseWriter, value any) error {
	s.write(w, http.StatusOK, "application/json", value)
	return nil
}

// JSONStatus answers with a status and a value.
func (s *Server) JSONStatus(w http.ResponseWriter, status int, value any) {
	s.write(w, status, "application/json", value)
}

// write sends a value as JSON.
func (s *Server) write(w http.ResponseWriter, status int, kind string, value any) {
	Send(w, status, kind, Encode(value))
}

// Encode is a value as JSON, with a line's end. A value that cannot be encoded is a fault of ours and panics.
func Encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// mostShown bounds how much of a refused value is given back, in bytes.
const mostShown = 200

// Clipped is a refused value as it is given back: no longer than 200 bytes, and valid UTF-8.
func Clipped(text string) string {
	if len(text) > mostShown {
		text = text[:mostShown] + "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// Send answers with a text. That a client does not take its answer is no error.
func Send(w http.ResponseWriter, status int, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Seconds is a duration as Retry-After wants it: whole seconds, rounded up, at least 1.
func Seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10)
}
