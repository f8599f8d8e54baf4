package verify

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Derived is a derived series held against what its stored base gives.
type Derived struct {
	Instrument string `json:"instrument"`
	Timeframe  string `json:"timeframe"`
	Base       string `json:"base"`
	Bars       int64  `json:"bars"`    // that are what the base gives
	Differ     int64  `json:"differ"`  // that have other values
	Missing    int64  `json:"missing"` // that the base gives, are over by its newest bar, and are not stored
	Extra      int64  `json:"extra"`   // that the base does not give
	Older      int64  `json:"older"`   // that start before the base does: nothing tells whether they are right
	// Uncounted are those of Bars that a release folded which did not count their base bars. They are right; rebuild counts them.
	Uncounted int64 `json:"uncounted,omitempty"`
	// Foreign tells that it, or its base, is kept by another calendar than its instrument's; it is folded by the instrument's.
	Foreign bool `json:"foreign,omitempty"`
	// Unchecked is why nothing could be compared; empty for most.
	Unchecked string        `json:"unchecked,omitempty"`
	First     *FirstDerived `json:"first,omitempty"` // the first bar that is wrong
}

// FirstDerived is a derived bar that is not what the base gives. Values are empty where one side has no such bar.
type FirstDerived struct {
	At     time.Time `json:"at"`              // start of the bar
	Value  string    `json:"value,omitempty"` // the first value that differs: open, high, low, close, volume, flags or base bars
	Stored string    `json:"stored,omitempty"`
	Gives  string    `json:"gives,omitempty"`
}

// Wrong is how many bars are not what the base gives.
func (d *Derived) Wrong() int64 { return d.Differ + d.Missing + d.Extra }

// notDerived is how many series have bars that their base does not give.
func (r *Report) notDerived() (n int) {
	for i := range r.Derived {
		if r.Derived[i].Wrong() > 0 {
			n++
		}
	}
	return n
}

// checkDerived folds every base again from which a selected series is derived. It reads in the state that was digested, a year of
// a base at a time, so that its memory does not grow with the number of bars.
func checkDerived(ctx context.Context, a *Archive, o Options) ([]Derived, error) {
	fail := func(err error) ([]Derived, error) { return nil, fmt.Errorf("%s: %w", a.Name, err) }
	states, err := a.snapshot.States(ctx)
	if err != nil {
		return fail(err)
	}
	// A change that makes no sense leaves its calendar as it is, here as in a run, which warns of it.
	settled, _, err := store.SettledCalendars(ctx, a.snapshot)
	if err != nil {
		return fail(err)
	}
	held := map[market.Series]market.SeriesState{}
	for _, s := range states {
		held[s.Series] = s
	}
	all := []Derived{}
	for _, series := range sortedSeries(held) {
		base, ok := o.Capabilities.Base(series.Timeframe)
		state := held[series]
		if !ok || base == series.Timeframe || !o.Selection.has(series.Instrument, string(series.Timeframe)) ||
			state.Count == 0 && state.Folded == 0 {
			continue
		}
		d := Derived{Instrument: series.Instrument, Timeframe: string(series.Timeframe), Base: string(base)}
		instrument, err := o.Resolve(series.Instrument)
		if err != nil {
			d.Unchecked = fmt.Sprintf("this release does not know the instrument: %v", err)
			all = append(all, d)
			continue
		}
		instrument = settled.Settle(instrument)
		c := instrument.Calendar
		from := held[market.Series{Instrument: series.Instrument, Timeframe: base}]
		d.Foreign = state.Calendar != c.Version() || from.Calendar != c.Version()
		check := deriver{Derived: &d, snapshot: a.snapshot, series: series, base: base, of: instrument}
		if err := check.run(ctx, from); err != nil {
			return fail(err)
		}
		all = append(all, d)
	}
	return all, nil
}

// deriver compares one derived series.
type deriver struct {
	*Derived
	snapshot store.Snapshot
	series   market.Series
	base     market.Timeframe
	of       market.Instrument
	reach    time.Time // start of the first bar that the base gives; zero before its first bar was read
}

// run compares piece by piece. What the row says of the base is where the pieces are cut, and no more: what lies outside belongs
// to the first and the last of them.
func (d *deriver) run(ctx context.Context, base market.SeriesState) error {
	var pieces []market.Window
	if base.Count > 0 {
		all := market.Window{From: base.Oldest, To: base.Newest.Add(time.Second)}
		market.Pieces(d.of.Calendar, d.base, all, func(w market.Window) bool {
			pieces = append(pieces, w)
			return true
		})
	}
	if len(pieces) == 0 {
		pieces = []market.Window{{}}
	}
	pieces[0].From = time.Unix(market.FirstTS, 0)
	pieces[len(pieces)-1].To = time.Unix(market.LastTS+1, 0)
	for i, piece := range pieces {
		bars, err := d.read(ctx, market.Series{Instrument: d.series.Instrument, Timeframe: d.base}, piece)
		if err != nil {
			return err
		}
		if d.reach.IsZero() && bars.Len() > 0 {
			d.reach = d.series.Timeframe.Bucket(d.of.Calendar, bars.At(0).Start)
		}
		given := market.Resample(bars, d.base, d.series.Timeframe, d.of.Calendar, market.FarFuture())
		proved := market.FarFuture() // by the bars of the next piece
		if i == len(pieces)-1 && bars.Len() > 0 {
			proved = d.base.End(d.of.Calendar, bars.At(bars.Len()-1).Start)
		}
		if err := d.compare(ctx, piece, given, proved); err != nil {
			return err
		}
	}
	if d.reach.IsZero() {
		d.Unchecked = "nothing is stored of its base"
	}
	return nil
}
