package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Handler answers a request, or returns why not; a Problem, or what clients see of the error, is then sent.
type Handler func(w http.ResponseWriter, r *http.Request) error

// routes adds the server's own routes, and wraps what is added with Handle later.
func (s *Server) routes() http.Handler {
	s.Handle("GET /status", s.status)
	s.Handle("GET /healthz", s.healthz)
	s.Handle("GET /readyz", s.readyz)
	s.Handle("GET /metrics", s.metrics)
	return s.watched(s.safe(s.known()))
}

// Handle adds a route, such as "GET /status"; HEAD goes where GET goes. Its context ends after RequestTimeout.
func (s *Server) Handle(pattern string, h Handler) { s.add(pattern, s.bounded(h)) }

// HandleWaiting adds a route that may wait for long: it bounds itself and calls SetDeadlines.
func (s *Server) HandleWaiting(pattern string, h Handler) { s.add(pattern, s.answered(h)) }

func (s *Server) add(pattern string, h http.Handler) {
	s.mux.Handle(pattern, h)
	if path := pathOf(pattern); !slices.Contains(s.paths, path) {
		s.paths = append(s.paths, path)
	}
}

// answered answers with a problem when a handler returns one.
func (s *Server) answered(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// bounded gives a handler a context that ends in time, and its connection deadlines to match, so that a client that reads or
// writes slowly holds nothing for long.
func (s *Server) bounded(h Handler) http.Handler {
	return s.answered(func(w http.ResponseWriter, r *http.Request) error {
		SetDeadlines(w, s.RequestTimeout)
		ctx, cancel := context.WithTimeout(r.Context(), s.RequestTimeout)
		defer cancel()
		return h(w, r.WithContext(ctx))
	})
}

// known answers with a problem where the mux would with a plain text: no such path (404), not that method (405).
func (s *Server) known() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := s.mux.Handler(r)
		if pattern != "" {
			noteRoute(w, pattern)
			s.mux.ServeHTTP(w, r)
			return
		}
		SetDeadlines(w, s.RequestTimeout)
		said := refusal{header: http.Header{}}
		h.ServeHTTP(&said, r)
		if said.status == http.StatusMethodNotAllowed {
			allow := said.header.Get("Allow")
			s.fail(w, r, NewProblem(said.status, "method-not-allowed", "accepted is "+allow).With("Allow", allow))
			return
		}
		s.fail(w, r, NewProblem(http.StatusNotFound, "not-found", "no such path; there are "+strings.Join(s.paths, ", ")))
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
