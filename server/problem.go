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
)

// problem is an error as clients see it (RFC 9457), and an error that handlers return.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// ID is in the log beside what is not shown.
	ID string `json:"id,omitempty"`
	// Invalid are the inputs that were refused.
	Invalid []invalid `json:"invalid,omitempty"`
	// Missing are the parts without which the process cannot work.
	Missing []missing `json:"missing,omitempty"`

	header http.Header
}

// invalid is one refused input.
type invalid struct {
	In        string `json:"in"` // "query", "path" or "body"
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Accepted  string `json:"accepted"`
}

// missing is one part that does not answer.
type missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Error is for the log.
func (p *problem) Error() string { return strconv.Itoa(p.Status) + " " + p.Title + ": " + p.Detail }

// newProblem makes a problem; slug names its type for programs.
func newProblem(status int, slug, detail string) *problem {
	return &problem{
		Type: "urn:barkeep:problem:" + slug, Title: http.StatusText(status), Status: status, Detail: detail, header: http.Header{},
	}
}

// with sets a header of the answer.
func (p *problem) with(key, value string) *problem {
	p.header.Set(key, value)
	return p
}

// badInput refuses inputs; all of them at once.
func badInput(found []invalid) *problem {
	said := make([]string, len(found))
	for i, f := range found {
		said[i] = f.Parameter + " is " + strconv.Quote(f.Value) + ": accepted is " + f.Accepted
	}
	p := newProblem(http.StatusBadRequest, "bad-input", strings.Join(said, "; "))
	p.Invalid = found
	return p
}

// answer is what clients see of a sentinel error.
type answer struct {
	err        error
	status     int
	slug       string
	detail     string
	retryAfter time.Duration
}

// answers is the one table from sentinel errors to what clients see. Their texts are fixed: what was wrapped around a
// sentinel on its way may hold internals.
func answers() []answer {
	return []answer{
		{ErrNotFound, http.StatusNotFound, "not-found", "there is nothing of that name", 0},
		{ledger.ErrSlot, http.StatusNotFound, "no-such-slot", "the schedule has no such slot", 0},
		{ErrHeld, http.StatusConflict, "held", "another run works on these series; ask again when it has ended", 30 * time.Second},
		{ledger.ErrLost, http.StatusConflict, "held", "another process took the run over", 30 * time.Second},
		{ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "a part that is needed cannot be reached now", 10 * time.Second},
		{errStopped, http.StatusServiceUnavailable, "unavailable", "the server is stopping", 10 * time.Second},
		{
			context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout", "a part that is needed did not answer in time",
			10 * time.Second,
		},
	}
}

// problemOf turns any error into what the client sees; known is false when the text was withheld.
func problemOf(err error) (p *problem, known bool) {
	if errors.As(err, &p) {
		return p, true
	}
	for _, a := range answers() {
		if errors.Is(err, a.err) {
			p = newProblem(a.status, a.slug, a.detail)
			if a.retryAfter > 0 {
				p.header.Set("Retry-After", seconds(a.retryAfter))
			}
			return p, true
		}
	}
	p = newProblem(http.StatusInternalServerError, "internal", "something went wrong inside; the log has more under this id")
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
	for key, values := range p.header {
		w.Header()[key] = values
	}
	s.write(w, p.Status, "application/problem+json", p)
}

// json answers 200 with a value.
func (s *Server) json(w http.ResponseWriter, value any) error {
	s.write(w, http.StatusOK, "application/json", value)
	return nil
}

// write sends a value as JSON. A value that cannot be encoded is a fault of ours and panics before anything was sent; a
// client that does not take its answer is nobody's fault.
func (s *Server) write(w http.ResponseWriter, status int, kind string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// seconds is a duration as Retry-After wants it: whole seconds, rounded up, at least 1.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10)
}
