package server

import (
	"context"
	"net/http"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server/view"
)

// recentLimit is how many runs /status shows.
const recentLimit = 10

// Slot reads once how a slot stands, within the time that any request may take.
func (s *Server) Slot(ctx context.Context, schedule ledger.Schedule, slot ledger.Slot) (view.Slot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.RequestTimeout)
	defer cancel()
	read, err := query.ReadSlot(ctx, s.Ledger, schedule, slot, s.Kept, s.Now())
	return s.views.Slot(read), err
}

// viewSlots shows slots.
func (s *Server) viewSlots(slots []query.Slot) []view.Slot {
	views := make([]view.Slot, len(slots))
	for i, slot := range slots {
		views[i] = s.views.Slot(slot)
	}
	return views
}

// beginSources starts every read at once, so that the slowest alone decides how long all take.
func (s *Server) beginSources(since time.Time) {
	s.runs.begin(since)
	s.slots.begin(since)
	s.series.begin(since)
	s.provider.begin(since)
	s.settled.begin(since)
	s.held.begin(since)
	s.covered.begin(since)
	for _, c := range s.checks {
		c.begin(since)
	}
}

// status shows everything that is known.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	return s.JSON(w, s.Status(r.Context()))
}

// Status is everything that is known within the timeout.
func (s *Server) Status(ctx context.Context) view.Status {
	ctx, cancel := context.WithTimeout(ctx, s.SourceTimeout)
	defer cancel()
	now := s.Now()
	since := now.Add(-statusAge)
	s.beginSources(since)
	v := view.Status{
		Version: s.Version, Mode: s.Mode, Now: s.views.Instant(now), Started: s.views.Instant(s.started),
		Next:   s.views.Next(now, s.Import, s.Maintenance),
		Checks: s.viewChecks(ctx, since), Unknown: []view.Unknown{},
	}
	if s.Clock != nil {
		v.Clock = s.Clock()
	}
	if s.Disk != nil {
		v.Disk = s.Disk()
	}
	settled, _ := shown(ctx, s, since, &v, s.settled) // of what is unknown the names tell
	v.Calendars = s.views.Calendars(settled.SettleAll(s.Instruments), now)
	if runs, ok := shown(ctx, s, since, &v, s.runs); ok {
		v.Runs, v.Last = s.views.Runs(runs.Runs, runs.Progress), s.views.LastEnded(runs.Runs)
	}
	if slots, ok := shown(ctx, s, since, &v, s.slots); ok {
		v.Slots = s.viewSlots(slots)
	}
	if series, ok := shown(ctx, s, since, &v, s.series); ok {
		v.Series = s.views.Series(series, now)
	}
	if held, ok := shown(ctx, s, since, &v, s.held); ok {
		v.HeldBack = held
	}
	if sums, ok := shown(ctx, s, since, &v, s.covered); ok {
		v.Coverage = s.views.Covered(sums)
	}
	if state, ok := shown(ctx, s, since, &v, s.provider); ok {
		v.Provider = s.viewProvider(state)
	}
	return v
}

// shown takes one source of the status, or notes that it is unknown.
func shown[T any](ctx context.Context, s *Server, since time.Time, v *view.Status, r *source[T]) (T, bool) {
	got := r.get(ctx, since)
	if got.err != nil {
		v.Unknown = append(v.Unknown, view.Unknown{Part: r.name, Reason: s.reason(got.err)})
	}
	return got.value, got.err == nil
}

func (s *Server) viewProvider(p ProviderState) *view.Provider {
	v := view.Provider{
		Breaker: p.Breaker, Since: s.views.Instant(p.Since), RetryAfter: p.RetryAfter.Seconds(),
		LastSuccess: s.views.Instant(p.LastAnswer),
		Fault:       p.Fault, Remedy: p.Remedy, FaultAt: s.views.Instant(p.FaultAt),
		PerMinute: p.PerMinute,
	}
	if p.Daily > 0 {
		v.Daily = &p.Daily
	}
	if p.Left >= 0 {
		v.Left = &p.Left
	}
	return &v
}
