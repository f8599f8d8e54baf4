package syncer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// foreign tells whether the bars of a series are kept by another calendar than this one. Bars of an earlier release, which noted
// none, count as foreign.
func foreign(held market.SeriesState, c *calendar.Calendar) bool {
	return held.Count > 0 && held.Calendar != c.Version()
}

// rebuilt is what became of the series of an instrument that share a base when they were brought to its calendar.
type rebuilt struct {
	calendar string
	moved    int // base bars that have another start now
	results  map[market.Timeframe]seriesResult
	removed  map[market.Timeframe]int // bars that went; their values are revisions
}

// String tells it to people.
func (r rebuilt) String() string {
	text := "rebuilt by the calendar " + r.calendar
	changed := 0
	for _, result := range r.results {
		changed += result.Inserted + result.Changed
	}
	gone := 0
	for _, n := range r.removed {
		gone += n
	}
	if changed+gone == 0 {
		return text + ", which changed nothing"
	}
	var parts []string
	if r.moved > 0 {
		parts = append(parts, fmt.Sprintf("%d days have another start", r.moved))
	}
	parts = append(parts, fmt.Sprintf("%d bars written, %d removed (kept as revisions)", changed, gone))
	return text + ": " + strings.Join(parts, ", ")
}

// rebuild brings everything that is stored of a task's base and of what derives from it to the calendar of the instrument: daily
// bars get its keys, flags and derived bars are made anew. Bars whose start or interval was another calendar's go; their values
// stay as revisions.
func (x *execution) rebuild(ctx context.Context, tx Tx, task Task) (rebuilt, error) {
	c := task.Instrument.Calendar
	done := rebuilt{
		calendar: labelOf(c), results: map[market.Timeframe]seriesResult{}, removed: map[market.Timeframe]int{},
	}
	base, err := x.rebuildBase(ctx, tx, task, &done)
	if err != nil || base.Len() == 0 {
		return done, err
	}
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil {
		return done, err
	}
	for _, timeframe := range derivedOf(x.Capabilities, task, held.of) {
		series := market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}
		if err := x.rebuildDerived(ctx, tx, task, timeframe, base, &done); err != nil {
			return done, err
		}
		err := tx.SetCalendar(ctx, series, c.Version())
		if err == nil {
			err = tx.SetFolded(ctx, series, held[task.Base].Version)
		}
		if err != nil {
			return done, fmt.Errorf("rebuild %s: %w", series, err)
		}
	}
	return done, nil
}

// whole is the window of every bar that can be stored.
func whole() market.Window {
	return market.Window{From: time.Unix(market.FirstTS, 0).UTC(), To: time.Unix(market.LastTS, 0).UTC()}
}

// labelOf names a calendar to people: one that a listing gave by its zone.
func labelOf(c *calendar.Calendar) string {
	if c.Name == calendar.Listed {
		return "of its listing, in " + c.Zone.String()
	}
	return c.Name
}

// rebuildBase gives daily bars their keys and all bars their flags, and returns them as they are stored then.
func (x *execution) rebuildBase(ctx context.Context, tx Tx, task Task, done *rebuilt) (*market.Candles, error) {
	series, c := task.Series(), task.Instrument.Calendar
	state, _, err := tx.State(ctx, series)
	if err != nil {
		return nil, fmt.Errorf("rebuild %s: %w", series, err)
	}
	bars, err := tx.Candles(ctx, series, whole())
	if err != nil {
		return nil, fmt.Errorf("rebuild %s: %w", series, err)
	}
	var away []int64
	if !task.Base.Intraday() {
		away, bars = market.Rekey(bars, state.Calendar, c, x.Over())
		done.moved = len(away)
	}
	task.Instrument.SetFlags(task.Base, bars)
	return bars, done.replace(ctx, tx, series, away, bars)
}

// rebuildDerived makes a derived series hold what is folded from the base. What starts before the base reaches stays.
func (x *execution) rebuildDerived(
	ctx context.Context, tx Tx, task Task, to market.Timeframe, base *market.Candles, done *rebuilt,
) error {
	series, c := market.Series{Instrument: task.Instrument.Name, Timeframe: to}, task.Instrument.Calendar
	stored, err := tx.Candles(ctx, series, whole())
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", series, err)
	}
	f := x.folder(tx, task, base.At(base.Len()-1).Start)
	given := f.given(series, base)
	// By another calendar the first base bar may have been folded into the bar before, under a key of its zone.
	reach := to.Bucket(c, to.Bucket(c, base.At(0).Start).Add(-time.Second)).Add(-24 * time.Hour).Unix()
	var away []int64
	for _, ts := range stored.TS {
		if _, found := slices.BinarySearch(given.TS, ts); !found && ts >= reach {
			away = append(away, ts)
		}
	}
	newest := time.Time{}
	if n := stored.Len(); n > 0 {
		newest = stored.At(n - 1).Start
	}
	bars, err := f.over(ctx, series, newest, given)
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", series, err)
	}
	return done.replace(ctx, tx, series, away, bars)
}

// replace takes bars away from a series and writes others.
func (r *rebuilt) replace(ctx context.Context, tx Tx, series market.Series, away []int64, bars *market.Candles) error {
	removed, err := tx.Remove(ctx, series, away)
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", series, err)
	}
	stored, err := tx.UpsertExact(ctx, series, bars)
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", series, err)
	}
	result := seriesResult{Stored: stored, given: bars.Len()}
	if n := bars.Len(); n > 0 {
		result.newest = bars.At(n - 1).Start
	}
	r.results[series.Timeframe], r.removed[series.Timeframe] = result, removed
	return nil
}
