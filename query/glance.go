package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// errNoStills tells that a reader was made without what completeness and streams need.
var errNoStills = errors.New("this reader has no Stills: it cannot say how complete an answer is")

// glance is how a series stands before its bars are read, with the gaps of a window.
type glance struct {
	store.SeriesStanding
	gaps market.Window // that the gaps are of
}

// glance looks at a series in one statement. Of the newest bars it is not known yet where they begin: what was read of the series
// lately tells mostly.
func (r *Reader) glance(ctx context.Context, request Request) (seen glance, err error) {
	if !request.told() {
		seen.State, seen.Found, err = r.Bars.State(ctx, request.Series)
		return seen, err
	}
	seen.gaps = within(request.Window, everything())
	if request.Newest && request.Window.From.IsZero() {
		if bars, found := r.recent.Peek(request.Series); found && bars.Len() > 0 {
			seen.gaps.From = bars.At(0).Start
		} else {
			seen.gaps.From = seen.gaps.To
		}
	}
	seen.SeriesStanding, err = r.Stills.SeriesStanding(ctx, request.Series, seen.gaps)
	return seen, err
}

// tell says how complete an answer is whose bars are of the version that was seen; the bars are read anew where the series has
// changed since.
func (r *Reader) tell(ctx context.Context, request Request, answer Answer, seen glance) (Answer, error) {
	if !request.told() {
		return answer, nil
	}
	facts, err := r.facts(ctx, r.Stills, request.Series.Instrument, seen.Coverage.Calendar)
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	tells := facts.shaped(request.Series, seen.SeriesStanding, request.tells(answer))
	if tells.From.Before(seen.gaps.From) || tells.To.After(seen.gaps.To) {
		later, err := r.Stills.SeriesStanding(ctx, request.Series, tells)
		if err != nil {
			return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
		}
		if later.State.Version != seen.State.Version {
			return r.fromStill(ctx, request)
		}
		seen.SeriesStanding = later
	}
	w := request.tells(answer)
	answer.Complete = facts.completeness(request.Series, seen.SeriesStanding, w, w.To.IsZero(), answer.Bars.TS)
	return answer, nil
}

// fromStill reads bars as they are stored, and how complete they are, from one state of the archive.
func (r *Reader) fromStill(ctx context.Context, request Request) (answer Answer, err error) {
	err = r.Stills.Still(ctx, func(s store.Still) error {
		state, found, err := s.State(ctx, request.Series)
		if err != nil {
			return err
		}
		if !found || state.Count == 0 {
			return ErrNoBars
		}
		clipped := request
		if clipped.Window = clip(request.Window, state); clipped.Window.Empty() {
			answer = Answer{Bars: market.NewCandles(0), Source: FromArchive}
		} else {
			bars, err := s.Page(ctx, request.Series, clipped.Window, request.Limit+1, request.Newest)
			if err != nil {
				return err
			}
			answer = limited(bars, request, FromArchive)
			if r.worthKeeping(request, state, bars) {
				r.remember(request.Series, state.Version, bars)
				answer.Version = state.Version
			}
		}
		return r.tellStill(ctx, s, request, &answer)
	})
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	return answer, nil
}

// tellStill says how complete an answer is, from the state of which its bars are.
func (r *Reader) tellStill(ctx context.Context, s store.Still, request Request, answer *Answer) error {
	if !request.told() {
		return nil
	}
	c, lacks, err := r.standing(ctx, s, request, request.tells(*answer))
	answer.Complete = c
	if err == nil && len(lacks) > 0 {
		err = IncompleteError{Series: request.Series, Require: request.Require, Lacks: lacks, Of: c}
	}
	return err
}

// standing tells how complete a window is, and what it lacks of what is required: of a derived series also what its base lacks.
func (r *Reader) standing(
	ctx context.Context, s store.Still, request Request, w market.Window,
) (c Completeness, lacks []Lack, err error) {
	series := request.Series
	standing, err := s.SeriesStanding(ctx, series, within(w, everything()))
	if err != nil {
		return c, nil, err
	}
	f, err := r.facts(ctx, s, series.Instrument, standing.Coverage.Calendar)
	if err != nil {
		return c, nil, err
	}
	kept, base := standing.State.Count > 0, r.base(series)
	if !kept {
		if _, base, err = r.of(s).kept(ctx, series); err != nil {
			return c, nil, err
		}
	}
	if kept {
		if c, err = f.read(ctx, s, series, standing, w, w.To.IsZero()); err != nil {
			return c, nil, err
		}
	}
	if kept && (base == series || request.Require == "") {
		return c, c.lacking(request.Require), nil
	}
	span := w
	if kept {
		span = c.Window
	} else if span.To.IsZero() { // with the newest bar that is due of those that are folded
		span.To = f.until(series.Timeframe, w.From, time.Time{})
	}
	span = f.spanOf(series.Timeframe, span)
	if standing, err = s.SeriesStanding(ctx, base, within(span, everything())); err != nil {
		return c, nil, err
	}
	of, err := f.read(ctx, s, base, standing, span, w.To.IsZero())
	if err != nil {
		return c, nil, err
	}
	if !kept {
		return of, of.lacking(request.Require), nil
	}
	return c, append(c.lacking(request.Require), of.lacking(request.Require)...), nil
}

// mostTail bounds the bars that are looked at one by one because no import has judged them: those that came since the last one.
const mostTail = 100_000

// read tells how complete a window is, with the bars from where they were not judged.
func (f facts) read(
	ctx context.Context, s store.Still, series market.Series, standing store.SeriesStanding, w market.Window, open bool,
) (Completeness, error) {
	var starts []int64
	if standing.Judged {
		tail := coverage.Tail(standing.Coverage, f.shaped(series, standing, w))
		if tail.Empty() {
			return f.completeness(series, standing, w, open, nil), nil
		}
		bars, err := s.Page(ctx, series, tail, mostTail, true)
		if err != nil {
			return Completeness{}, err
		}
		starts = bars.TS
	}
	return f.completeness(series, standing, w, open, starts), nil
}

// spanOf is where the base bars of a window of derived bars start; an end that is open stays so.
func (f facts) spanOf(t market.Timeframe, w market.Window) market.Window {
	all := t.Span(f.calendar, within(w, everything()))
	if w.From.IsZero() {
		all.From = time.Time{}
	}
	if w.To.IsZero() {
		all.To = time.Time{}
	}
	return all
}

// lacking is what the window lacks of what is required; nothing where nothing is.
func (c Completeness) lacking(require Require) []Lack {
	if require == "" {
		return nil
	}
	return c.Lacks(require)
}

// factsFor is how long what is known of calendars and listings is taken as it is: both change seldom, and a series that was
// judged by another calendar has them read again.
const factsFor = 5 * time.Second

// known is what was read of calendars and listings at an instant. A value of it gains instruments, and changes in nothing else.
type known struct {
	read     time.Time
	settled  market.Calendars
	listings map[string]market.Listing

	mu          sync.Mutex
	instruments map[string]market.Instrument
}

// facts finds out by which calendar an instrument is kept, and what its listing is. Nobody is kept waiting while it reads: who
// waits may hold the connection that the reading needs.
func (r *Reader) facts(ctx context.Context, from store.CalendarFacts, instrument, judged string) (facts, error) {
	now, k := r.Now(), r.known.Load()
	if k == nil || now.Sub(k.read).Abs() > factsFor {
		var err error
		if k, err = r.learn(ctx, from, now); err != nil {
			return facts{}, err
		}
	}
	i, err := k.instrument(r, instrument)
	if err == nil && judged != "" && i.Calendar.Version() != judged && !k.read.Equal(now) {
		if k, err = r.learn(ctx, from, now); err == nil {
			i, err = k.instrument(r, instrument)
		}
	}
	if err != nil {
		return facts{}, err
	}
	return facts{calendar: i.Calendar, listing: k.listings[instrument], now: now}, nil
}

// learn reads calendars and listings, and keeps them for the next requests.
func (r *Reader) learn(ctx context.Context, from store.CalendarFacts, now time.Time) (*known, error) {
	settled, _, err := store.SettledCalendars(ctx, from) // imports log changes that make no sense
	if err != nil {
		return nil, err
	}
	listings, err := from.Listings(ctx)
	if err != nil {
		return nil, err
	}
	k := &known{read: now, settled: settled, listings: map[string]market.Listing{}, instruments: map[string]market.Instrument{}}
	for _, l := range listings {
		if k.listings[l.Instrument] = l.Last; l.From != (calendar.Date{}) { // bars from before are of the first listing
			k.listings[l.Instrument] = market.Listing{Type: l.Last.Type, FirstTrade: l.First.FirstTrade}
		}
	}
	r.known.Store(k)
	return k, nil
}

// instrument is one with the calendar by which it is kept.
func (k *known) instrument(r *Reader, name string) (market.Instrument, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i, found := k.instruments[name]; found {
		return i, nil
	}
	i, err := r.Resolve(name)
	if err != nil {
		return i, err
	}
	i = k.settled.Settle(i)
	k.instruments[name] = i
	return i, nil
}
