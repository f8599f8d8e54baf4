package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// Coverage is what of a series ought to be there, held against what is there and what the ledger of coverage says.
type Coverage struct {
	Instrument string    `json:"instrument"`
	Timeframe  string    `json:"timeframe"`
	From       time.Time `json:"from,omitzero"`    // where the first backfill began
	Horizon    time.Time `json:"horizon,omitzero"` // up to when it was judged
	Expected   int64     `json:"expected"`         // bars between them that are expected, by the calendar
	Present    int64     `json:"present"`          // of them
	Faults     []string  `json:"faults"`           // where the ledger is not what the bars and the calendar give
	Missing    []Missing `json:"missing"`          // bars that ought to be there
	// Other counts the other absent bars by reason: single ones inside sessions, and those that nobody can have.
	Other      map[market.GapReason]int64 `json:"other,omitempty"`
	Unexpected *Unexpected                `json:"unexpected,omitempty"` // bars of dates on which the exchange was closed
	Unchecked  string                     `json:"unchecked,omitempty"`  // why nothing could be told, and what to do; empty for most
}

// Missing are bars that ought to be there and are absent for one reason.
type Missing struct {
	Reason   market.GapReason `json:"reason"`
	Bars     int64            `json:"bars"`
	Sessions int              `json:"sessions,omitempty"` // that are absent whole
	First    time.Time        `json:"first"`              // start of the first bar
	Last     time.Time        `json:"last"`
	NextTry  time.Time        `json:"next_try,omitzero"` // when the first is asked for again
	LostOn   time.Time        `json:"lost_on,omitzero"`  // when the first leaves what the provider serves
}

// Unexpected are stored bars of dates on which the exchange was closed for certain, which nothing that is known of the provider
// explains.
type Unexpected struct {
	Calendar string    `json:"calendar"`
	Bars     int64     `json:"bars"`
	Dates    int       `json:"dates"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	date     calendar.Date
}

// Wrong is how many faults the series has.
func (c *Coverage) Wrong() int {
	n := len(c.Faults) + len(c.Missing)
	if c.Unexpected != nil {
		n++
	}
	return n
}

// incomplete is how many series have bars that ought to be there and are not, or that ought not to be, or a ledger that is wrong.
func (r *Report) incomplete() (n int) {
	for i := range r.Coverage {
		if r.Coverage[i].Wrong() > 0 {
			n++
		}
	}
	return n
}

// covering holds the ledger of coverage of an archive against its bars.
type covering struct {
	Options
	snapshot store.Snapshot
	settled  market.Calendars
	running  time.Time
}

// checkCoverage recounts every selected series that was judged, in the state that was digested and a month at a time.
func checkCoverage(ctx context.Context, a *Archive, o Options) ([]Coverage, error) {
	fail := func(err error) ([]Coverage, error) { return nil, fmt.Errorf("%s: %w", a.Name, err) }
	c := covering{Options: o, snapshot: a.snapshot}
	var err error
	if c.settled, _, err = store.SettledCalendars(ctx, a.snapshot); err != nil {
		return fail(err)
	}
	if c.running, err = a.snapshot.Running(ctx); err != nil {
		return fail(err)
	}
	states, err := a.snapshot.States(ctx)
	if err != nil {
		return fail(err)
	}
	judged, err := a.snapshot.Coverage(ctx)
	if err != nil {
		return fail(err)
	}
	ledgers := map[market.Series]market.Coverage{}
	for _, v := range judged {
		ledgers[v.Series] = v
	}
	for _, s := range states {
		if _, ok := ledgers[s.Series]; !ok && s.Count > 0 {
			ledgers[s.Series] = market.Coverage{}
		}
	}
	all := []Coverage{}
	for _, series := range sortedSeries(ledgers) {
		if !o.Selection.has(series.Instrument, string(series.Timeframe)) {
			continue
		}
		one, err := c.check(ctx, series, ledgers[series])
		if err != nil {
			return fail(err)
		}
		all = append(all, one)
	}
	return all, nil
}

// check recounts one series.
func (c *covering) check(ctx context.Context, series market.Series, ledger market.Coverage) (Coverage, error) {
	one := Coverage{
		Instrument: series.Instrument, Timeframe: string(series.Timeframe), From: ledger.From, Horizon: ledger.Horizon,
		Expected: ledger.Expected, Present: ledger.Present, Faults: []string{}, Missing: []Missing{},
	}
	instrument, err := c.Resolve(series.Instrument)
	switch {
	case err != nil:
		one.Unchecked = fmt.Sprintf("this release does not know the instrument: %v", err)
		return one, nil
	case ledger.Series == (market.Series{}):
		one.Unchecked = "it was never judged: what it lacks is not known before the next import"
		return one, nil
	}
	instrument = c.settled.Settle(instrument)
	if ledger.Calendar != instrument.Calendar.Version() {
		one.Unchecked = "its calendar has changed since it was judged: the next import of it, or rebuild, judges it anew"
		return one, nil
	}
	r := recounting{
		Recount: coverage.Recount{Ledger: ledger, Calendar: instrument.Calendar, Wall: market.Everything, Running: c.running},
		Options: c.Options, snapshot: c.snapshot, instrument: instrument,
	}
	if native, ok := c.Capabilities.Of(series.Timeframe); ok {
		r.Wall = native.DeepCap
		r.base = true
	}
	if err := r.run(ctx); err != nil {
		return one, err
	}
	found := r.End()
	one.Faults, one.Other, one.Unexpected = append(one.Faults, found.Faults...), found.Other, r.unexpected
	for _, m := range found.Missing {
		one.Missing = append(one.Missing, Missing{
			Reason: m.Reason, Bars: m.Bars, Sessions: m.Sessions, First: m.First, Last: m.Last, NextTry: m.Next, LostOn: m.Leaves,
		})
	}
	slices.SortFunc(one.Missing, func(a, b Missing) int {
		rank := func(m Missing) int { return slices.Index(market.GapReasons(), m.Reason) }
		return cmp.Compare(rank(a), rank(b))
	})
	return one, nil
}

// recounting reads one series for a recount.
type recounting struct {
	coverage.Recount
	Options
	snapshot   store.Snapshot
	instrument market.Instrument
	base       bool // the series is one that is fetched
	unexpected *Unexpected
}

func (r *recounting) run(ctx context.Context) error {
	for w := range pieces(r.Window()) {
		gaps := market.Window{From: w.From, To: w.To}
		if !w.To.Before(r.Ledger.Horizon) {
			gaps.To = time.Unix(market.LastTS, 0)
		}
		if w.From.Equal(r.Ledger.From) {
			gaps.From = time.Unix(market.FirstTS, 0)
		}
		found, err := r.snapshot.GapsOf(ctx, r.Ledger.Series, gaps)
		if err != nil {
			return err
		}
		present, err := r.starts(ctx, w)
		if err != nil {
			return err
		}
		r.Piece(w, found, present)
	}
	return nil
}

// pieces are the months of a window.
func pieces(w market.Window) func(yield func(market.Window) bool) {
	const piece = 31 * 24 * time.Hour
	return func(yield func(market.Window) bool) {
		for from := w.From; from.Before(w.To); from = from.Add(piece) {
			to := from.Add(piece)
			if to.After(w.To) {
				to = w.To
			}
			if !yield(market.Window{From: from, To: to}) {
				return
			}
		}
	}
}

// starts reads the starts of the bars of a piece, and looks for those that the calendar rules out.
func (r *recounting) starts(ctx context.Context, w market.Window) (present []int64, err error) {
	timeframe := r.Ledger.Series.Timeframe
	first, last := span(market.Window{From: w.From, To: w.To.Add(timeframe.Length())})
	err = r.snapshot.ScanBars(ctx, r.Ledger.Series, first, last, func(b *market.StoredBar) error {
		start := time.UnixMicro(b.Micros)
		if r.base && start.Before(w.To) {
			r.rule(start)
		}
		if market.Flag(b.Flags)&market.FlagImpossible == 0 { //nolint:gosec // written from one
			present = append(present, start.Unix())
		}
		return nil
	})
	return present, err
}

// rule notes a bar that starts on a date on which the exchange was closed.
func (r *recounting) rule(start time.Time) {
	timeframe := r.Ledger.Series.Timeframe
	date, closed := coverage.ClosedOn(r.instrument.Calendar, timeframe, start)
	if !closed || r.Capabilities.Odd != nil && r.Capabilities.Odd(r.instrument, timeframe, start.Unix()) != "" {
		return
	}
	if r.unexpected == nil {
		r.unexpected = &Unexpected{Calendar: r.instrument.Calendar.Name, First: start.UTC()}
	}
	if u := r.unexpected; u.Bars == 0 || u.date != date {
		u.Dates, u.date = u.Dates+1, date
	}
	r.unexpected.Bars, r.unexpected.Last = r.unexpected.Bars+1, start.UTC()
}
