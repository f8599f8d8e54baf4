package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// How old what is shown may be, counted from when the request came. Scrapes and reloads within it cost the database nothing.
const (
	statusAge = time.Second
	scrapeAge = 5 * time.Second
)

// checked is a check and its newest result.
type checked struct {
	Check
	*reading[struct{}]
}

func newChecked(s *Server, c Check) *checked {
	probe := func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Probe(ctx) }
	return &checked{Check: c, reading: newReading(s, "check "+c.Name, probe)}
}

// checkView is a check in /status.
type checkView struct {
	Name      string   `json:"name"`
	State     string   `json:"state"` // "ok", "failed", or "unknown" when it did not answer in time
	Needed    bool     `json:"needed"`
	LatencyMS *float64 `json:"latency_ms"` // null without an answer
	Reason    string   `json:"reason,omitempty"`
}

// viewChecks asks every check. The context bounds the wait for all of them together.
func (s *Server) viewChecks(ctx context.Context, since time.Time) []checkView {
	for _, c := range s.checks {
		c.begin(since)
	}
	views := make([]checkView, len(s.checks))
	for i, c := range s.checks {
		views[i] = s.viewCheck(c.Check, c.get(ctx, since))
	}
	return views
}

func (s *Server) viewCheck(c Check, got result[struct{}]) checkView {
	v := checkView{Name: c.Name, Needed: c.Needed, State: "ok"}
	if got.err != nil {
		v.State, v.Reason = "failed", s.reason(got.err)
		if errors.Is(got.err, errLate) || errors.Is(got.err, context.DeadlineExceeded) {
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
	return s.json(w, map[string]string{"status": "ok", "version": s.Version})
}

// readyz says whether the process can do its work, or what it lacks for it.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.Patience)
	defer cancel()
	var lacking []missing
	var names []string
	for _, c := range s.viewChecks(ctx, s.Now().Add(-statusAge)) {
		if c.Needed && c.State != "ok" {
			lacking = append(lacking, missing{Name: c.Name, Reason: c.Reason})
			names = append(names, c.Name)
		}
	}
	if len(lacking) == 0 {
		return s.json(w, map[string]string{"status": "ready"})
	}
	p := newProblem(http.StatusServiceUnavailable, "not-ready", "the process cannot do its work without: "+strings.Join(names, ", "))
	p.Missing = lacking
	return p.with("Retry-After", seconds(s.Patience))
}
