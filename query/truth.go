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
	at       time.Time     // zero: now
	over     time.Time     // bars that are folded are over by then
	series   market.Series // that is read
	from     market.Series // that its bars are made of; the series itself where it is fetched
	folds    bool          // it is not kept: its bars are folded also as of now
	calendar *calendar.Calendar
	listed   store.Listing // the zero Listing where the provider said nothing
}

// mostTries is how often bars are read again that an import changed meanwhile.
const mostTries = 5

// readTruth answers a request that is not for bars as they are stored now.
func (r *Reader) readTruth(ctx context.Context, request Request) (answer Answer, err error) {
	if err := r.askable(request); err != nil {
		return Answer{}, err
	}
	if r.Stills != nil {
		err = r.Stills.Still(ctx, func(s store.Still) error {
			if answer, err = r.of(s).readOnce(ctx, request); err != nil {
				return err
			}
			return r.tellTruth(ctx, s, request, &answer)
		})
		if err != nil {
			return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
		}
		return answer, nil
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

// askable refuses what this reader cannot tell, and what nobody can.
func (r *Reader) askable(request Request) error {
	if r.Truth == nil {
		return fmt.Errorf("read %s: %w", request.Series, errNoTruth)
	}
	if request.AsOf.After(r.Now()) && !request.pinned {
		return fmt.Errorf("read %s as of %s: %w", request.Series, request.AsOf.UTC().Format(time.RFC3339), ErrFuture)
	}
	return nil
}

// of is a reader of one state of the archive.
func (r *Reader) of(s store.Still) *Reader {
	c := r.Config
	c.Bars, c.Truth, c.Cache, c.Stills = s, s, nil, nil
	return &Reader{Config: c}
}

// tellTruth says how complete an answer is.
func (r *Reader) tellTruth(ctx context.Context, s store.Still, request Request, answer *Answer) error {
	if request.AsOf.IsZero() || !request.told() {
		return r.tellStill(ctx, s, request, answer)
	}
	f, err := r.facts(ctx, s, request.Series.Instrument, "")
	if err == nil {
		answer.Complete = f.asOf(request.Series, request.tells(*answer), answer.Bars, request.AsOf)
	}
	return err
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

// versionOf is the version of the series of a request, or of what it is folded from, which says whether it changed while it was
// read. What was known at an instant does not change.
func (r *Reader) versionOf(ctx context.Context, request Request) (int64, error) {
	if !request.AsOf.IsZero() {
		return 0, nil
	}
	state, _, err := r.kept(ctx, request.Series)
	return state.Version, err
}

func (r *Reader) readOnce(ctx context.Context, request Request) (Answer, error) {
	v, err := r.begin(ctx, request)
	if err != nil {
		return Answer{}, err
	}
	bars, err := v.session(ctx, request, request.Window, request.Limit+1, request.Newest)
	if err != nil {
		return Answer{}, err
	}
	answer := limited(bars, request, v.source())
	answer.Derived, answer.FoldedFrom = v.derived(), v.folded()
	if !request.Adjust.stored() && answer.Bars.Len() > 0 {
		steps, notes, err := v.scaleOf(ctx, request.Series, answer.Bars.At(0).Start, request.Adjust)
		if err != nil {
			return Answer{}, err
		}
		var more []string
		answer.Bars, more, err = v.adjusted(ctx, request.Series, answer.Bars, steps)
		answer.Notes = append(notes, more...)
		return answer, err
	}
	return answer, nil
}

// source is where the bars of an answer come from.
func (v reading) source() Source {
	if v.folded() != "" {
		return FromBase
	}
	return FromArchive
}

// folded is the timeframe of which the bars are folded since theirs is not kept; empty where it is.
func (v reading) folded() market.Timeframe {
	if v.folds || !v.at.IsZero() && v.from != v.Reader.base(v.series) {
		return v.from.Timeframe
	}
	return ""
}

// derived tells whether the bars are made of those of another series.
func (v reading) derived() bool { return v.from != v.series }

// session reads a page of the bars of a session: as many pages as it takes to have so many bars that count.
func (v reading) session(
	ctx context.Context, request Request, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	if request.Session != SessionRegular {
		return v.page(ctx, request.Series, w, limit, newest)
	}
	var parts []*market.Candles
	for have := 0; have < limit; {
		bars, err := v.page(ctx, request.Series, w, limit, newest)
		if err != nil {
			return nil, err
		}
		inside := regular(bars)
		parts, have = append(parts, inside), have+inside.Len()
		if bars.Len() < limit {
			break
		}
		if newest {
			w.To = bars.At(0).Start
		} else {
			w.From = bars.At(bars.Len() - 1).Start.Add(time.Second)
		}
	}
	if newest {
		slices.Reverse(parts)
	}
	out := market.NewCandles(0)
	for _, part := range parts {
		join(out, part)
	}
	if n := out.Len(); newest && n > limit {
		return out.Slice(n-limit, n), nil
	}
	return out.Slice(0, min(limit, out.Len())), nil
}

// regular leaves out the bars that start when the exchange is closed.
func regular(bars *market.Candles) *market.Candles {
	out := market.NewCandles(bars.Len())
	for i := range bars.Len() {
		if bars.Flags[i]&market.FlagOffSession == 0 {
			out.Append(bars.At(i))
		}
	}
	return out
}

// reading finds out by which calendar an instrument is kept.
func (r *Reader) reading(ctx context.Context, instrument string, at time.Time) (reading, error) {
	v := reading{Reader: r, at: at, over: at}
	if at.IsZero() {
		v.over = r.Now()
	}
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
