package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// folder folds derived series from a base inside of a transaction.
type folder struct {
	*execution
	tx       Tx
	base     market.Series
	calendar *calendar.Calendar
	now      time.Time // up to which bars are over
}

// folder makes it. The newest bar of the base shows that its own interval is over too: a replay lives in the past of the archive.
func (x *execution) folder(tx Tx, task Task, newest time.Time) folder {
	c := task.Instrument.Calendar
	return folder{x, tx, task.Series(), c, later(x.Over(), task.Base.End(c, newest))}
}

// fold rebuilds derived series from a piece of the base.
func (f folder) fold(ctx context.Context, list []derivation, piece market.Window) error {
	base, err := f.tx.Candles(ctx, f.base, piece)
	if err != nil {
		return fmt.Errorf("read %s to derive from it: %w", f.base, err)
	}
	for i := range list {
		if err := f.foldOne(ctx, &list[i], base.In(within(list[i].span, piece)), within(list[i].sweep, piece)); err != nil {
			return fmt.Errorf("derive %s from %s: %w", list[i].series, f.base.Timeframe, err)
		}
	}
	return nil
}

// foldOne folds a part of the base, and takes out what it does not give in a span.
func (f folder) foldOne(ctx context.Context, d *derivation, base *market.Candles, sweep market.Window) error {
	given := f.given(d.series, base)
	if d.anew || !f.whole(d.series.Timeframe, base, given) {
		if err := f.take(ctx, d, sweep, given); err != nil {
			return err
		}
	}
	bars, err := f.over(ctx, d.series, d.before.Newest, given)
	if err != nil || bars.Len() == 0 {
		return err
	}
	stored, err := f.tx.UpsertExact(ctx, d.series, bars)
	if err != nil {
		return err
	}
	d.result.Stored, d.result.given = d.result.Stored.Add(stored), d.result.given+bars.Len()
	d.result.newest = later(d.result.newest, bars.At(bars.Len()-1).Start)
	return nil
}

// given is what bars of the base give, over or not.
func (f folder) given(series market.Series, base *market.Candles) *market.Candles {
	return market.Resample(base, f.base.Timeframe, series.Timeframe, f.calendar, market.FarFuture())
}

// whole tells whether every interval in which there is a base bar gives a bar. Then a base that lost no bar can have taken none
// away, and nobody has to look.
func (f folder) whole(to market.Timeframe, base, given *market.Candles) bool {
	var end int64
	for _, ts := range base.TS {
		if ts < end {
			continue
		}
		span := to.Span(f.calendar, market.Window{From: time.Unix(ts, 0), To: time.Unix(ts+1, 0)})
		if _, found := slices.BinarySearch(given.TS, span.From.Unix()); !found {
			return false
		}
		end = span.To.Unix()
	}
	return true
}

// over leaves out the bars that may not be stored yet, since their interval is not over, unless they are stored: what is there
// follows its base, whatever the clock says now. Newest is the last bar that is stored.
func (f folder) over(
	ctx context.Context, series market.Series, newest time.Time, given *market.Candles,
) (*market.Candles, error) {
	n := given.Len()
	for n > 0 && series.Timeframe.End(f.calendar, given.At(n-1).Start).After(f.now) {
		n--
	}
	if n == given.Len() || given.At(n).Start.After(newest) {
		return given.Slice(0, n), nil
	}
	held, err := f.tx.Candles(ctx, series, market.Window{From: given.At(n).Start, To: newest.Add(time.Second)})
	if err != nil {
		return nil, err
	}
	all := market.NewCandles(given.Len())
	for i := range given.Len() {
		if _, found := slices.BinarySearch(held.TS, given.TS[i]); i < n || found {
			all.Append(given.At(i))
		}
	}
	return all, nil
}

// take takes out what is stored in a span and the base does not give. The values stay as revisions.
func (f folder) take(ctx context.Context, d *derivation, span market.Window, given *market.Candles) error {
	if span.Empty() {
		return nil
	}
	held, err := f.tx.Candles(ctx, d.series, span)
	if err != nil {
		return err
	}
	var away []int64
	for _, ts := range held.TS {
		if _, found := slices.BinarySearch(given.TS, ts); !found {
			away = append(away, ts)
		}
	}
	if n := len(away); n > 0 {
		d.gone = d.gone.Union(market.Window{From: time.Unix(away[0], 0), To: time.Unix(away[n-1]+1, 0)})
	}
	removed, err := f.tx.Remove(ctx, d.series, away)
	d.removed += removed
	return err
}

// settle takes out what lies beyond the base, and notes that the series hold what this version of the base gives.
func (f folder) settle(ctx context.Context, list []derivation, version int64) error {
	for i := range list {
		d := &list[i]
		err := f.take(ctx, d, market.Window{From: d.span.To, To: d.sweep.To}, &market.Candles{})
		if err == nil && d.removed > 0 {
			err = f.tell(ctx, d)
		}
		if err == nil && d.before.Folded != version {
			err = f.tx.SetFolded(ctx, d.series, version)
		}
		if err != nil {
			return fmt.Errorf("derive %s from %s: %w", d.series, f.base.Timeframe, err)
		}
	}
	return nil
}

// tell says what was taken out, and finds the newest bar that is left.
func (f folder) tell(ctx context.Context, d *derivation) error {
	state, _, err := f.tx.State(ctx, d.series)
	d.result.newest = state.Newest
	f.Logger.InfoContext(ctx, "derived bars that their base does not give were taken out", "series", d.series.String(),
		"bars", d.removed)
	return err
}

// within is what two windows have in common.
func within(a, b market.Window) market.Window {
	a.From = later(a.From, b.From)
	if b.To.Before(a.To) {
		a.To = b.To
	}
	return a
}
