package server

import (
	"context"
	"net/http"
	"strings"
)

// handle answers a request, or returns why not; fail then answers.
type handle func(w http.ResponseWriter, r *http.Request) error

// routes is every path there is. HEAD goes where GET goes.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handle{
		"GET /status":             s.status,
		"GET /healthz":            s.healthz,
		"GET /readyz":             s.readyz,
		"GET /metrics":            s.metrics,
		"GET /api/v1/runs":        s.listRuns,
		"POST /api/v1/runs":       s.startRun,
		"GET /api/v1/runs/{id}":   s.oneRun,
		"GET /api/v1/instruments": s.listInstruments,
		"GET /api/v1/series":      s.listSeries,
		"GET /api/v1/candles":     s.candles,
	} {
		mux.Handle(pattern, s.bounded(h))
	}
	mux.Handle("GET /api/v1/slots/{date}/{slot}", s.answered(s.slot)) // it waits, and bounds itself
	return s.watched(s.safe(s.known(mux)))
}

// answered answers with a problem when a handler returns one.
func (s *Server) answered(h handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// bounded gives a handler a context that ends in time, and its connection deadlines to match, so that a client that reads or
// writes slowly holds nothing for long.
func (s *Server) bounded(h handle) http.Handler {
	return s.answered(func(w http.ResponseWriter, r *http.Request) error {
		setDeadlines(w, s.Bound)
		ctx, cancel := context.WithTimeout(r.Context(), s.Bound)
		defer cancel()
		return h(w, r.WithContext(ctx))
	})
}

// known answers with a problem where the mux would with a plain text: no such path (404), not that method (405).
func (s *Server) known(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			noteRoute(w, pattern)
			mux.ServeHTTP(w, r)
			return
		}
		setDeadlines(w, s.Bound)
		said := refusal{header: http.Header{}}
		h.ServeHTTP(&said, r)
		if said.status == http.StatusMethodNotAllowed {
			allow := said.header.Get("Allow")
			s.fail(w, r, newProblem(said.status, "method-not-allowed", "accepted is "+allow).with("Allow", allow))
			return
		}
		s.fail(w, r, newProblem(http.StatusNotFound, "not-found", "no such path; there are /status, /healthz, /readyz, /metrics "+
			"and /api/v1/{slots,runs,instruments,series,candles}"))
	})
}

// refusal is a writer that takes the status and the headers, and no body.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }

// pathOf is a pattern without its method.
func pathOf(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	return path
}
