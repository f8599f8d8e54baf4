package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/market"
)

// step is a change of scale: bars that start from one instant on and before another are multiplied.
type step struct {
	from, before int64 // Unix seconds
	factor       market.Factor
}

// always is the from of a step that concerns the oldest bars, too.
const always = market.FirstTS

// scale are steps in the order of their time.
type scale []step

// newScale puts steps in order and leaves out those that change nothing.
func newScale(steps []step) scale {
	steps = slices.DeleteFunc(steps, func(s step) bool { return s.factor.One() })
	slices.SortStableFunc(steps, func(a, b step) int { return int(min(1, max(-1, a.before-b.before))) })
	return steps
}

// apply is the bars with every step after them applied at once: the whole numbers of splits are multiplied first, so that a
// price is rounded as if there were one. Their flags stay: they tell what is odd about the stored values.
func (s scale) apply(bars *market.Candles) *market.Candles {
	out := market.NewCandles(bars.Len())
	after, until := market.Factor{}, market.LastTS+1 // the factor of the bars from until on
	for i := bars.Len() - 1; i >= 0; i-- {
		if bars.TS[i] < until {
			after, until = s.at(bars.TS[i])
		}
		out.Append(after.Apply(bars.At(i)))
	}
	reverse(out)
	return out
}

// at is the factor of the bar that starts at an instant, and from when on others have the same.
func (s scale) at(start int64) (after market.Factor, from int64) {
	from = always
	for _, step := range slices.Backward(s) {
		if step.from <= start && start < step.before {
			after = after.Times(step.factor)
		}
		for _, edge := range []int64{step.from, step.before} {
			if edge <= start {
				from = max(from, edge)
			}
		}
	}
	return after, from
}

func reverse(c *market.Candles) {
	slices.Reverse(c.TS)
	slices.Reverse(c.Open)
	slices.Reverse(c.High)
	slices.Reverse(c.Low)
	slices.Reverse(c.Close)
	slices.Reverse(c.Volume)
	slices.Reverse(c.Flags)
	slices.Reverse(c.Parts)
}

// adjusted brings bars of a series to a scale. Notes say what could not be done.
func (v reading) adjusted(
	ctx context.Context, series market.Series, bars *market.Candles, steps scale,
) (*market.Candles, []string, error) {
	if len(steps) == 0 || bars.Len() == 0 {
		return bars, nil, nil
	}
	out := steps.apply(bars)
	if v.base(series) == series {
		return out, nil, nil
	}
	notes, err := v.foldCut(ctx, series, out, steps)
	return out, notes, err
}

// scaleOf are the steps that bars of a series take which start at from or later.
func (v reading) scaleOf(ctx context.Context, series market.Series, from time.Time, adjust Adjust) (scale, []string, error) {
	actions, err := v.actions(ctx, series.Instrument)
	if err != nil {
		return nil, nil, err
	}
	restatements, err := v.Truth.Restatements(ctx, series.Instrument)
	if err != nil {
		return nil, nil, err
	}
	if adjust == AdjustTotal {
		return v.payouts(ctx, series, from, actions, restatements)
	}
	var steps []step
	for _, a := range applied(actions, restatements, v.base(series), v.at) {
		if cut := a.Cutoff(v.calendar); cut.After(from) {
			steps = append(steps, step{a.from.Unix(), cut.Unix(), market.SplitFactor(a.Action.Action).Inverse()})
		}
	}
	return newScale(steps), nil, nil
}

// edges are where steps begin and end, each once.
func (s scale) edges() (all []int64) {
	for _, step := range s {
		all = append(all, step.before)
		if step.from > always {
			all = append(all, step.from)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// foldCut folds those bars of a derived series anew whose interval holds a step: their base bars take different factors. All
// others are what the fold of the adjusted base gives, but for the rounding of volumes.
func (v reading) foldCut(
	ctx context.Context, series market.Series, bars *market.Candles, steps scale,
) (notes []string, err error) {
	for _, edge := range steps.edges() {
		start := series.Timeframe.Bucket(v.calendar, time.Unix(edge, 0))
		i, found := slices.BinarySearch(bars.TS, start.Unix())
		if !found || start.Unix() == edge {
			continue
		}
		bar, ok, err := v.fold(ctx, series, start, steps)
		if err != nil {
			return nil, err
		}
		if !ok {
			notes = append(notes, fmt.Sprintf("the %s bar of %s holds an action and its base bars are not stored: all of it is adjusted "+
				"as its beginning is", series.Timeframe, start.Format(time.DateOnly)))
			continue
		}
		replace(bars, i, bar)
	}
	return notes, nil
}

// fold makes one derived bar out of adjusted base bars; false when there are none.
func (v reading) fold(ctx context.Context, series market.Series, start time.Time, steps scale) (market.Candle, bool, error) {
	base := v.base(series)
	span := series.Timeframe.Span(v.calendar, market.Window{From: start, To: start.Add(time.Second)})
	parts, err := v.candles(ctx, base, span)
	if err != nil {
		return market.Candle{}, false, err
	}
	over := v.at
	if over.IsZero() {
		over = span.To.Add(slack) // what is stored was over when it was stored
	}
	folded := market.Resample(steps.apply(parts), base.Timeframe, series.Timeframe, v.calendar, over)
	if folded.Len() != 1 || folded.TS[0] != start.Unix() {
		return market.Candle{}, false, nil
	}
	return folded.At(0), true, nil
}

func replace(bars *market.Candles, i int, b market.Candle) {
	bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i] = b.Open, b.High, b.Low, b.Close
	bars.Volume[i], bars.Flags[i] = b.Volume, b.Flags
	bars.SetParts(i, b.Parts)
}
