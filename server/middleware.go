package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is sent
	bytes  int64
	route  string
}

// WriteHeader notes the status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noteRoute keeps the pattern that answers, for the metrics: paths that clients invent must not become series.
func noteRoute(w http.ResponseWriter, pattern string) {
	if seen, ok := w.(*recorder); ok {
		seen.route = pathOf(pattern)
	}
}

// safeguards are the headers of every answer; a route may set others. What is answered is data: a browser that shows it runs
// nothing of it, puts it into no frame, gives it to no page of another site and tells nobody where it was.
func safeguards() [][2]string {
	return [][2]string{
		{"Cache-Control", "no-store"},
		{"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
	}
}

// watched counts and logs requests, and sets what every answer has.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &recorder{ResponseWriter: w, route: "none"}
		for _, h := range safeguards() {
			seen.Header().Set(h[0], h[1])
		}
		SetDeadlines(w, s.RequestTimeout)
		defer s.note(r, seen, s.Now())
		next.ServeHTTP(seen, r)
	})
}

// note counts and logs a request that ended. The query is left out: people put secrets in the oddest places.
func (s *Server) note(r *http.Request, seen *recorder, began time.Time) {
	took := s.Now().Sub(began)
	s.Metrics.request(seen.route, r.Method, seen.status, took)
	s.Logger.LogAttrs(r.Context(), slog.LevelDebug, "http request", slog.String("method", r.Method),
		slog.String("path", r.URL.Path), slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes),
		slog.Duration("took", took), slog.String("remote", r.RemoteAddr))
}

// safe keeps a panic from more than its own request.
func (s *Server) safe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.rescue(w, r)
		next.ServeHTTP(w, r)
	})
}

// rescue answers a request that panicked. When its answer had begun, the connection is cut, so that the client does not take
// half for the whole.
func (s *Server) rescue(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared as net/http does
		panic(cause)
	}
	s.Logger.ErrorContext(r.Context(), "request panicked", "path", r.URL.Path, "stack", string(debug.Stack()))
	if seen, ok := w.(*recorder); ok && seen.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, fmt.Errorf("panic: %v", cause))
}

// SetDeadlines lets the connection read and write for the given time and a little more. A read deadline that passes would
// also end the request's context, so a request that waits must move both. A writer without deadlines has none to set.
func SetDeadlines(w http.ResponseWriter, d time.Duration) {
	until := time.Now().Add(d + deadlineGrace) //nolint:forbidigo // the connection's own clock, also in a replay
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until)
}
