package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"barkeep/server/view"
)

// How old what is shown may be, counted from when the request came. Scrapes and reloads within it cost the database nothing.
const (
	statusAge = time.Second
	scrapeAge = 5 * time.Second
)

// checked is a check and its newest result.
type checked struct {
	Check
	*source[struct{}]
}

func newChecked(s *Server, c Check) *checked {
	probe := func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Probe(ctx) }
	return &checked{Check: c, source: newSource(s, "check "+c.Name, probe)}
}

// viewChecks asks every check. The context bounds the wait for all of them together.
func (s *Server) viewChecks(ctx context.Context, since time.Time) []view.Check {
	for _, c := range s.checks {
		c.begin(since)
	}
	views := make([]view.Check, len(s.checks))
	for i, c := range s.checks {
		views[i] = s.viewCheck(c.Check, c.get(ctx, since))
	}
	return views
}

func (s *Server) viewCheck(c Check, got result[struct{}]) view.Check {
	v := view.Check{Name: c.Name, Needed: c.Needed, State: "ok"}
	if got.err != nil {
		v.State, v.Reason, v.Since = "failed", s.reason(got.err), s.views.Instant(got.since)
		if errors.Is(got.err, errNoAnswer) || errors.Is(got.err, context.DeadlineExceeded) {
			v.State = "unknown"
			return v
		}
	}
	ms := float64(got.took.Microseconds()) / 1000
	v.LatencyMS = &ms
	return v
}

// healthz says that the process lives. It asks nobody.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return s.JSON(w, map[string]string{"status": "ok", "version": s.Version})
}

// readyz says whether the process can do its work, or what it lacks for it.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.SourceTimeout)
	defer cancel()
	var lacking []Missing
	var names []string
	for _, c := range s.viewChecks(ctx, s.Now().Add(-statusAge)) {
		if c.Needed && c.State != "ok" {
			lacking = append(lacking, Missing{Name: c.Name, Reason: c.Reason})
			names = append(names, c.Name)
		}
	}
	if len(lacking) == 0 {
		return s.JSON(w, map[string]string{"status": "ready"})
	}
	p := NewProblem(http.StatusServiceUnavailable, "not-ready", "the process cannot do its work without: "+strings.Join(names, ", "))
	p.Missing = lacking
	return p.With("Retry-After", Seconds(s.SourceTimeout))
}
