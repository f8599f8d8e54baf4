package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Truth is what a reader needs beside the bars to adjust them, and to read what was known earlier. A store.Archive has it.
type Truth interface {
	store.AsOf
	store.CalendarFacts
	Actions(ctx context.Context, instrument string) ([]store.Action, error)
	Restatements(ctx context.Context, instrument string) ([]store.Restatement, error)
}

// errNoTruth tells that a reader was made without what Adjust and AsOf need.
var errNoTruth = errors.New("this reader has no Truth: it reads bars as they are stored now only")

// errChanging tells that a series was written again and again while it was read.
var errChanging = errors.New("it is being written again and again: read it later")

// BeforeArrivalsError tells that an instant is before the first arrival that is recorded of a series. It is also
// store.ErrBeforeArrivals.
type BeforeArrivalsError struct {
	Series market.Series // a base series
	At     time.Time
	First  time.Time // from which on it is known; zero when that is not known
}

// Error is for people.
func (e BeforeArrivalsError) Error() string {
	text := fmt.Sprintf("%s as of %s: %s", e.Series, e.At.UTC().Format(time.RFC3339Nano), store.ErrBeforeArrivals)
	if !e.First.IsZero() {
		text += "; accepted is an instant from " + e.From() + " on"
	}
	return text
}

// From is the first instant that can be asked for, as RFC 3339.
func (e BeforeArrivalsError) From() string { return e.First.UTC().Format(time.RFC3339Nano) }

// Unwrap gives the sentinel.
func (e BeforeArrivalsError) Unwrap() error { return store.ErrBeforeArrivals }

// reading reads the series of one instrument, as they are stored now or as they were known at an instant.
type reading struct {
	*Reader
	at       time.Time // zero: now
	calendar *calendar.Calendar
	listed   store.Listing // the zero Listing where the provider said nothing
}

// mostTries is how often bars are read again that an import changed meanwhile.
const mostTries = 5

// readTruth answers a request that is adjusted, or as of an instant.
func (r *Reader) readTruth(ctx context.Context, request Request) (Answer, error) {
	if r.Truth == nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, errNoTruth)
	}
	if request.AsOf.After(r.Now()) && !request.pinned {
		return Answer{}, fmt.Errorf("read %s as of %s: %w", request.Series, request.AsOf.UTC().Format(time.RFC3339), ErrFuture)
	}
	for range mostTries {
		answer, settled, err := r.tryTruth(ctx, request)
		if err != nil {
			return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
		}
		if settled {
			return answer, nil
		}
	}
	return Answer{}, fmt.Errorf("read %s: %w", request.Series, errChanging)
}

// tryTruth reads once. It is not settled where the series changed meanwhile: a restatement may have come between the bars and the
// actions.
func (r *Reader) tryTruth(ctx context.Context, request Request) (answer Answer, settled bool, err error) {
	before, err := r.versionOf(ctx, request)
	if err != nil {
		return Answer{}, false, err
	}
	if answer, err = r.readOnce(ctx, request); err != nil {
		return Answer{}, false, err
	}
	after, err := r.versionOf(ctx, request)
	return answer, before == after, err
}

// versionOf is the version of the series of a request, which says whether it changed while it was read. What was known at an
// instant does not change.
func (r *Reader) versionOf(ctx context.Context, request Request) (int64, error) {
	if !request.AsOf.IsZero() {
		return 0, nil
	}
	state, found, err := r.Bars.State(ctx, request.Series)
	if err == nil && (!found || state.Count == 0) {
		err = ErrNoBars
	}
	return state.Version, err
}

func (r *Reader) readOnce(ctx context.Context, request Request) (Answer, error) {
	v, err := r.reading(ctx, request.Series.Instrument, request.AsOf)
	if err != nil {
		return Answer{}, err
	}
	bars, err := v.page(ctx, request.Series, request.Window, request.Limit+1, request.Newest)
	if err != nil {
		return Answer{}, err
	}
	answer := limited(bars, request, FromArchive)
	if !request.Adjust.stored() {
		answer.Bars, answer.Notes, err = v.adjusted(ctx, request.Series, answer.Bars, request.Adjust)
	}
	return answer, err
}

// reading finds out by which calendar an instrument is kept.
func (r *Reader) reading(ctx context.Context, instrument string, at time.Time) (reading, error) {
	v := reading{Reader: r, at: at}
	i, err := r.Resolve(instrument)
	if err != nil {
		return v, err
	}
	settled, _, err := store.SettledCalendars(ctx, r.Truth) // imports log changes that make no sense
	if err != nil {
		return v, err
	}
	v.calendar = settled.Settle(i).Calendar
	listings, err := r.Truth.Listings(ctx)
	if k := slices.IndexFunc(listings, func(l store.Listing) bool { return l.Instrument == instrument }); k >= 0 {
		v.listed = listings[k]
	}
	return v, err
}

// base is the series of which a series is made; the series itself where it is fetched.
func (v reading) base(series market.Series) market.Series {
	if base, ok := v.Capabilities.Base(series.Timeframe); ok {
		series.Timeframe = base
	}
	return series
}

// actions are those of the instrument that were known at the instant and held then.
func (v reading) actions(ctx context.Context, instrument string) ([]store.Action, error) {
	all, err := v.Truth.Actions(ctx, instrument)
	return slices.DeleteFunc(slices.Clone(all), func(a store.Action) bool { return !heldAt(a, v.at) }), err
}

// heldAt tells whether an action was known at an instant and not taken back by then; zero for now.
func heldAt(a store.Action, at time.Time) bool {
	if at.IsZero() {
		return a.Holds()
	}
	return !a.Seen.After(at) && (a.Holds() || a.Gone.After(at))
}

// appliedSplit is a split that the bars of a series account for: those from an instant on; zero for all before it.
type appliedSplit struct {
	store.Action
	from time.Time
}

// applied are the splits that the bars of a base series account for. Each has a restatement of the series, also one of no bars
// where they came on the new scale. A series that was not compared since a split is still on the scale before it.
func applied(
	actions []store.Action, restatements []store.Restatement, base market.Series, at time.Time,
) (splits []appliedSplit) {
	for _, a := range actions {
		if a.Kind != market.ActionSplit {
			continue
		}
		i := slices.IndexFunc(restatements, func(r store.Restatement) bool {
			return r.Series == base && r.Action == a.Number && r.Undoes == 0 && (at.IsZero() || !r.At.After(at))
		})
		if i >= 0 {
			splits = append(splits, appliedSplit{a, restatements[i].From})
		}
	}
	return splits
}
