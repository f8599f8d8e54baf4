package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Handler answers a request, or returns why not; a Problem, or what clients see of the error, is then sent.
type Handler func(w http.ResponseWriter, r *http.Request) error

// routes adds the server's own routes, and wraps what is added with Handle later.
func (s *Server) routes() http.Handler {
	s.Handle("GET /status", s.status)
	s.add("GET /healthz", s.answered(s.healthz))
	s.add("GET /readyz", s.answered(s.bounded(s.monitors, s.readyz)))
	s.add("GET /metrics", s.answered(s.bounded(s.monitors, s.metrics)))
	return s.watched(s.safe(s.reached(s.guarded(s.known()))))
}

// Handle adds a route, such as "GET /status"; HEAD goes where GET goes. Its context ends after RequestTimeout.
func (s *Server) Handle(pattern string, h Handler) { s.add(pattern, s.answered(s.Bounded(h))) }

// Bounded is a handler that takes its turn and its time as one of Handle does; without a turn it returns the Problem.
func (s *Server) Bounded(h Handler) Handler { return s.bounded(s.work, h) }

// HandleOwn adds a route that takes a Turn or a Place by itself, and then bounds what it does and calls SetDeadlines.
func (s *Server) HandleOwn(pattern string, h Handler) { s.add(pattern, s.answered(h)) }

// HandleOpen is Handle for what anybody may read, also where reading asks for a token. It must hold no data.
func (s *Server) HandleOpen(pattern string, h Handler) {
	s.public = append(s.public, pattern)
	s.Handle(pattern, h)
}

// Routes are the patterns of all routes, such as "GET /status", in the order in which they were added.
func (s *Server) Routes() []string { return slices.Clone(s.patterns) }

func (s *Server) add(pattern string, h http.Handler) {
	s.mux.Handle(pattern, h)
	s.patterns = append(s.patterns, pattern)
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

// Work is the lane of the routes that are added with Handle.
func (s *Server) Work() *Lane { return s.work }

// Turn waits for n turns of a lane, and returns what gives them back.
func (s *Server) Turn(r *http.Request, lane *Lane, n int64) (done func(), err error) {
	release := s.open.hold(r.Context())
	leave, err := lane.enter(r, n)
	if err != nil {
		release()
		return nil, err
	}
	return func() {
		leave()
		release()
	}, nil
}

// Place gives a request a place to wait for so long.
func (s *Server) Place(r *http.Request, wait time.Duration) (*Place, error) {
	return s.places.take(s.tasks.Context(), r, wait)
}

// bounded gives a handler its turn and a context that ends in time, as its connection's deadlines do, so that a client that
// reads or writes slowly holds nothing for long.
func (s *Server) bounded(lane *Lane, h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		done, err := s.Turn(r, lane, 1)
		if err != nil {
			return err
		}
		defer done()
		SetDeadlines(w, s.RequestTimeout)
		ctx, cancel := context.WithTimeout(r.Context(), s.RequestTimeout)
		defer cancel()
		return h(w, r.WithContext(ctx))
	}
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
