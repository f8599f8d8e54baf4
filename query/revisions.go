package query

import (
	"context"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Past is what is read to tell how bars changed. A store.Archive has it.
type Past interface {
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	RevisionsOf(ctx context.Context, series market.Series, window market.Window) ([]store.Revision, error)
	Restatements(ctx context.Context, instrument string) ([]store.Restatement, error)
}

// Change is how the values of one bar were replaced.
type Change struct {
	Before market.Candle
	After  *market.Candle // as they were just after; nil where the bar was taken out
	At     time.Time
	RunID  int64 // by which run; 0 for none or not noted
	Cause  store.Cause
	Why    string // for people
}

// Changes are how the bars of a series changed.
type Changes struct {
	Changes []Change
	// Restatements are the changes of scale of bars in the window, each of many bars at once.
	Restatements []store.Restatement
	// Known is the first instant as of which the series can be read; zero where nothing of it arrived since that is recorded.
	Known time.Time
}

// Changes reads how the bars of a series changed, as ReadChanges does, and since when that is known.
func (r *Reader) Changes(ctx context.Context, from Past, series market.Series, window market.Window) (Changes, error) {
	read, err := ReadChanges(ctx, from, series, window)
	if err != nil {
		return read, err
	}
	known, found, err := r.FirstKnown(ctx, series)
	if found {
		read.Known = known
	}
	return read, err
}

// ReadChanges reads how the bars of a series changed that start inside the window: by their start, and those of one bar by age.
// A zero From or To bounds nothing.
func ReadChanges(ctx context.Context, from Past, series market.Series, window market.Window) (Changes, error) {
	window = within(window, everything())
	revisions, err := from.RevisionsOf(ctx, series, window)
	if err != nil {
		return Changes{}, err
	}
	restatements, err := from.Restatements(ctx, series.Instrument)
	if err != nil {
		return Changes{}, err
	}
	read := Changes{Changes: make([]Change, len(revisions))}
	for _, r := range restatements {
		if r.Series == series && r.Bars > 0 && r.Before.After(window.From) && r.From.Before(window.To) {
			read.Restatements = append(read.Restatements, r)
		}
	}
	present, err := presentOf(ctx, from, series, revisions)
	if err != nil {
		return Changes{}, err
	}
	for i, r := range revisions {
		read.Changes[i] = Change{
			Before: r.Old, After: after(revisions[i:], present, read.Restatements), At: r.Replaced, RunID: r.RunID, Cause: r.Cause,
			Why: why(r, read.Restatements),
		}
	}
	return read, nil
}

// everything bounds nothing that can be stored.
func everything() market.Window {
	return market.Window{From: time.Unix(market.FirstTS, 0).UTC(), To: time.Unix(market.LastTS+1, 0).UTC()}
}

// presentOf are the stored bars of revisions. They are read in spans of a bounded number of bars' time.
func presentOf(
	ctx context.Context, from Past, series market.Series, revisions []store.Revision,
) (map[int64]market.Candle, error) {
	present := map[int64]market.Candle{}
	span := 1000 * lengthOf(series.Timeframe)
	for i := 0; i < len(revisions); {
		first := revisions[i].Old.Start
		last := first
		for ; i < len(revisions) && revisions[i].Old.Start.Sub(first) < span; i++ {
			last = revisions[i].Old.Start
		}
		bars, err := from.Candles(ctx, series, market.Window{From: first, To: last.Add(time.Second)})
		if err != nil {
			return nil, err
		}
		for k := range bars.Len() {
			present[bars.TS[k]] = bars.At(k)
		}
	}
	return present, nil
}

// after are the values of a bar just after the first of its revisions was made: those that were replaced next, or the stored
// ones, on the scale of then.
func after(revisions []store.Revision, present map[int64]market.Candle, restatements []store.Restatement) *market.Candle {
	r, until := revisions[0], store.Revision{}
	if r.Cause == store.CauseRemoved {
		return nil
	}
	bar, found := present[r.Old.Start.Unix()]
	if len(revisions) > 1 && revisions[1].Old.Start.Equal(r.Old.Start) {
		until = revisions[1]
		bar, found = until.Old, true
	}
	if !found {
		return nil
	}
	for _, s := range slices.Backward(restatements) {
		if between(s, r, until) && s.Concerns(bar.Start) {
			bar = s.Factor.Inverse().Apply(bar)
		}
	}
	return &bar
}

// between tells whether a restatement came after a revision and is in what the next one replaced. One transaction restates
// before it stores answers.
func between(s store.Restatement, r, next store.Revision) bool {
	switch {
	case !s.At.After(r.Replaced):
		return false
	case next.Replaced.IsZero() || s.At.Before(next.Replaced):
		return true
	}
	return s.At.Equal(next.Replaced) && next.Cause != store.CauseRestated
}

// why says for people how values were replaced.
func why(r store.Revision, restatements []store.Restatement) string {
	switch r.Cause {
	case store.CauseAnswer:
		return "the provider gave other values"
	case store.CauseFold:
		return "folded anew from its base"
	case store.CauseRemoved:
		return "taken out: its key or interval was wrong"
	case store.CauseRestated:
		for _, s := range restatements {
			if s.At.Equal(r.Replaced) {
				return "restated: " + s.Reason
			}
		}
		return "restated"
	}
	return "not noted"
}
