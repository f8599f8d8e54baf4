package server

import (
	"context"
	"net/http"
	"time"

	"barkeep/ledger"
	"barkeep/server/view"
)

// recentLimit is how many runs /status shows.
const recentLimit = 10

// recentRuns are the newest runs, with the progress of those that are running.
type recentRuns struct {
	list     []ledger.Run
	progress map[int64]ledger.Progress
}

func (s *Server) readRecent(ctx context.Context) (recentRuns, error) {
	runs := recentRuns{progress: map[int64]ledger.Progress{}}
	var err error
	if runs.list, err = s.Ledger.Runs(ctx, recentLimit); err != nil {
		return runs, err
	}
	for _, run := range runs.list {
		if run.State != ledger.StateRunning {
			continue
		}
		said, ok, err := s.Ledger.Progress(ctx, run.ID)
		if err != nil {
			return runs, err
		}
		if ok {
			runs.progress[run.ID] = said
		}
	}
	return runs, nil
}

// viewRecent shows the newest runs.
func (s *Server) viewRecent(runs recentRuns) []view.Run {
	views := s.views.Runs(runs.list)
	for i := range views {
		if said, ok := runs.progress[views[i].ID]; ok {
			views[i].Progress = s.views.Progress(said)
		}
	}
	return views
}

// readToday reads today's slots of every schedule.
func (s *Server) readToday(ctx context.Context) ([]view.Slot, error) {
	views := []view.Slot{}
	for _, schedule := range []ledger.Schedule{s.Import, s.Maintenance} {
		slots, err := schedule.On(schedule.Today(s.Now()))
		if err != nil {
			return nil, err
		}
		for _, slot := range slots {
			shown, err := s.Slot(ctx, schedule, slot)
			if err != nil {
				return nil, err
			}
			views = append(views, shown)
		}
	}
	return views, nil
}

// Slot reads once how a slot stands, within the time that any request may take.
func (s *Server) Slot(ctx context.Context, schedule ledger.Schedule, slot ledger.Timed) (view.Slot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.RequestTimeout)
	defer cancel()
	run, found, err := s.Ledger.Latest(ctx, slot.Slot)
	if err != nil {
		return view.Slot{}, err
	}
	var cells []ledger.Cell
	if found {
		if cells, err = s.Ledger.Committed(ctx, slot.Slot); err != nil {
			return view.Slot{}, err
		}
	}
	return s.views.Slot(schedule.Standing(slot, run, s.Now()), cells), nil
}

// beginSources starts every read at once, so that the slowest alone decides how long all take.
func (s *Server) beginSources(since time.Time) {
	s.runs.begin(since)
	s.slots.begin(since)
	s.series.begin(since)
	s.provider.begin(since)
	for _, c := range s.checks {
		c.begin(since)
	}
}

// status shows everything that is known within the timeout.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.SourceTimeout)
	defer cancel()
	now := s.Now()
	since := now.Add(-statusAge)
	s.beginSources(since)
	v := view.Status{
		Version: s.Version, Mode: s.Mode, Now: s.views.Instant(now), Started: s.views.Instant(s.started),
		Next:   s.views.Next(now, s.Import, s.Maintenance),
		Checks: s.viewChecks(ctx, since), Unknown: []view.Unknown{},
	}
	if runs, ok := shown(ctx, s, since, &v, s.runs); ok {
		v.Runs, v.Last = s.viewRecent(runs), s.views.LastEnded(runs.list)
	}
	if slots, ok := shown(ctx, s, since, &v, s.slots); ok {
		v.Slots = slots
	}
	if series, ok := shown(ctx, s, since, &v, s.series); ok {
		v.Series = s.views.Series(series, now)
	}
	if state, ok := shown(ctx, s, since, &v, s.provider); ok {
		v.Provider = s.viewProvider(state)
	}
	return s.JSON(w, v)
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
		LastSuccess: s.views.Instant(p.LastSuccess),
		PerMinute:   p.PerMinute,
	}
	if p.Daily > 0 {
		v.Daily = &p.Daily
	}
	if p.Left >= 0 {
		v.Left = &p.Left
	}
	return &v
}
