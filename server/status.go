package server

import (
	"context"
	"net/http"
	"time"

	"barkeep/ledger"
)

// statusView is the whole of /status. What could not be read in time is null and named in Unknown.
type statusView struct {
	Version string   `json:"version"`
	Mode    string   `json:"mode"`
	Now     *instant `json:"now"`
	Started *instant `json:"started"`

	Next     *nextView     `json:"next"`
	Slots    []slotView    `json:"slots"` // today's, by the date of the schedule's zone
	Last     *runView      `json:"last"`  // the newest run that ended
	Runs     []runView     `json:"runs"`
	Checks   []checkView   `json:"checks"`
	Provider *providerView `json:"provider"`
	Series   []seriesView  `json:"series"`
	Unknown  []unknown     `json:"unknown"`
}

// nextView is the next slot of any job.
type nextView struct {
	Job  ledger.Job `json:"job"`
	Date string     `json:"date"`
	Slot int        `json:"slot"`
	At   *instant   `json:"at"`
}

// providerView is how this process stands with the provider.
type providerView struct {
	Breaker     string   `json:"breaker"`
	Since       *instant `json:"since"`
	RetryAfter  float64  `json:"retry_after_seconds"`
	LastSuccess *instant `json:"last_success"`
	PerMinute   float64  `json:"requests_per_minute"`
	Daily       *int     `json:"budget_daily"` // null without a bound
	Left        *int     `json:"budget_left"`  // null without a bound, and when it cannot be known
}

// unknown names a part of the status that could not be read.
type unknown struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

// recentLimit is how many runs /status shows.
const recentLimit = 10

// recentRuns are the newest runs.
type recentRuns []ledger.Run

func (s *Server) readRecent(ctx context.Context) (recentRuns, error) {
	return s.Runs.Runs(ctx, recentLimit)
}

// readToday reads today's slots of every schedule.
func (s *Server) readToday(ctx context.Context) ([]slotView, error) {
	views := []slotView{}
	for _, schedule := range []ledger.Schedule{s.Import, s.Maintenance} {
		date := s.today(schedule)
		for index := range schedule.Len() {
			at, err := schedule.At(date, index)
			if err != nil {
				return nil, err
			}
			slot := ledger.Timed{Slot: ledger.Slot{Job: schedule.Job(), Date: date, Index: index}, At: at}
			view, err := s.readSlot(ctx, schedule, slot)
			if err != nil {
				return nil, err
			}
			views = append(views, view)
		}
	}
	return views, nil
}

// beginParts starts every read at once, so that the slowest alone decides how long all take.
func (s *Server) beginParts(since time.Time) {
	s.runs.begin(since)
	s.slots.begin(since)
	s.series.begin(since)
	s.provider.begin(since)
	for _, c := range s.checks {
		c.begin(since)
	}
}

// status shows everything that is known within the patience.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.Patience)
	defer cancel()
	now := s.Now()
	since := now.Add(-statusAge)
	s.beginParts(since)
	v := statusView{
		Version: s.Version, Mode: s.Mode, Now: s.instant(now), Started: s.instant(s.started), Next: s.viewNext(now),
		Checks: s.viewChecks(ctx, since), Unknown: []unknown{},
	}
	if runs, ok := part(ctx, s, since, &v, s.runs); ok {
		v.Runs, v.Last = s.viewRuns(runs), s.viewLast(runs)
	}
	if slots, ok := part(ctx, s, since, &v, s.slots); ok {
		v.Slots = slots
	}
	if series, ok := part(ctx, s, since, &v, s.series); ok {
		v.Series = s.viewSeries(series, now)
	}
	if state, ok := part(ctx, s, since, &v, s.provider); ok {
		v.Provider = s.viewProvider(state)
	}
	return s.json(w, v)
}

// part takes one part of the status, or notes that it is unknown.
func part[T any](ctx context.Context, s *Server, since time.Time, v *statusView, r *reading[T]) (T, bool) {
	got := r.get(ctx, since)
	if got.err != nil {
		v.Unknown = append(v.Unknown, unknown{Part: r.name, Reason: s.reason(got.err)})
	}
	return got.value, got.err == nil
}

// viewLast is the newest run that ended; nil when there is none among the recent ones.
func (s *Server) viewLast(runs []ledger.Run) *runView {
	for _, r := range runs {
		if !r.Finished.IsZero() {
			v := s.viewRun(r)
			return &v
		}
	}
	return nil
}

// viewNext is the first slot of any schedule after now; nil without schedules. It needs no ledger.
func (s *Server) viewNext(now time.Time) *nextView {
	var first ledger.Timed
	for _, schedule := range []ledger.Schedule{s.Import, s.Maintenance} {
		slot, at := schedule.Next(now)
		if !at.IsZero() && (first.At.IsZero() || at.Before(first.At)) {
			first = ledger.Timed{Slot: slot, At: at}
		}
	}
	if first.At.IsZero() {
		return nil
	}
	return &nextView{Job: first.Job, Date: first.Date, Slot: first.Index, At: s.instant(first.At)}
}

func (s *Server) viewProvider(p ProviderState) *providerView {
	v := providerView{
		Breaker: p.Breaker, Since: s.instant(p.Since), RetryAfter: p.RetryAfter.Seconds(), LastSuccess: s.instant(p.LastSuccess),
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
