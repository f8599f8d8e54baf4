package query

import (
	"context"
	"errors"
	"time"

	"barkeep/market"
	"barkeep/store"
)

const (
	day = 24 * time.Hour
	// mostFolded bounds the base bars that are in memory at once.
	mostFolded = 100_000
	// slack is how far outside of what is stored now bars may have been known: those that were taken out since.
	slack = 400 * day
	// longestBar is how long before its first base bar a derived bar may start.
	longestBar = 100 * day
)

// page reads at most limit bars of the window at one end, in order. A zero From or To bounds nothing.
func (v reading) page(
	ctx context.Context, series market.Series, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	if v.at.IsZero() && !v.folds {
		state, found, err := v.Bars.State(ctx, series)
		if err != nil || !found || state.Count == 0 {
			return market.NewCandles(0), err
		}
		if w = clip(w, state); w.Empty() {
			return market.NewCandles(0), nil
		}
		return v.Bars.Page(ctx, series, w, limit, newest)
	}
	whole, err := v.known(ctx, v.base(series))
	if err != nil {
		return nil, err
	}
	w = within(w, whole)
	if newest {
		return v.last(ctx, series, w, limit)
	}
	return v.first(ctx, series, w, limit)
}

// known is the span in which bars of a base series can have been known at the instant.
func (v reading) known(ctx context.Context, base market.Series) (market.Window, error) {
	if v.folds {
		state, _, err := v.Bars.State(ctx, base)
		return market.Window{From: state.Oldest.Add(-longestBar), To: state.Newest.Add(time.Second)}, err
	}
	first, arrived, err := v.Truth.FirstArrival(ctx, base)
	if err != nil {
		return market.Window{}, err
	}
	state, found, err := v.Bars.State(ctx, base)
	found = found && state.Count > 0
	switch {
	case err != nil:
		return market.Window{}, err
	case !arrived && !found:
		return market.Window{}, ErrNoBars
	case !arrived || v.at.Before(first): // an earlier release recorded no arrivals
		return market.Window{}, BeforeArrivalsError{base, v.at, first}
	}
	w := market.Window{From: time.Unix(market.FirstTS, 0).UTC(), To: v.at.Add(slack)}
	if found {
		w = within(w, market.Window{From: state.Oldest.Add(-slack), To: state.Newest.Add(slack)})
	}
	return w, nil
}

// within is the part of a window that lies in another one; a zero From or To bounds nothing.
func within(w, bounds market.Window) market.Window {
	if w.From.IsZero() || w.From.Before(bounds.From) {
		w.From = bounds.From
	}
	if w.To.IsZero() || w.To.After(bounds.To) {
		w.To = bounds.To
	}
	return market.Window{From: ceil(w.From), To: ceil(w.To)}
}

// first reads from the window's beginning, in spans that grow, until there are enough bars.
func (v reading) first(ctx context.Context, series market.Series, w market.Window, limit int) (*market.Candles, error) {
	out := market.NewCandles(0)
	for length := v.span(series, limit); !w.Empty() && out.Len() < limit; length = v.longer(series, length) {
		part := w
		if end := w.From.Add(length); end.Before(w.To) {
			part.To = end
		}
		bars, err := v.candles(ctx, series, part)
		if err != nil {
			return nil, err
		}
		join(out, bars)
		w.From = part.To
	}
	return out.Slice(0, min(limit, out.Len())), nil
}

// last reads from the window's end, in spans that grow, until there are enough bars.
func (v reading) last(ctx context.Context, series market.Series, w market.Window, limit int) (*market.Candles, error) {
	var parts []*market.Candles
	n := 0
	for length := v.span(series, limit); !w.Empty() && n < limit; length = v.longer(series, length) {
		part := w
		if begin := w.To.Add(-length); begin.After(w.From) {
			part.From = begin
		}
		bars, err := v.candles(ctx, series, part)
		if err != nil {
			return nil, err
		}
		parts, n = append(parts, bars), n+bars.Len()
		w.To = part.From
	}
	out := market.NewCandles(n)
	for i := len(parts) - 1; i >= 0; i-- {
		join(out, parts[i])
	}
	return out.Slice(max(0, out.Len()-limit), out.Len()), nil
}

// join appends bars.
func join(to, bars *market.Candles) {
	for i := range bars.Len() {
		to.Append(bars.At(i))
	}
}

// span is about the time that so many bars take, without nights and weekends.
func (v reading) span(series market.Series, limit int) time.Duration {
	length := lengthOf(series.Timeframe)
	return min(time.Duration(min(int64(limit), int64(v.longest(series)/length))+1)*length, v.longest(series))
}

// longer is the length of the next span. It grows, since there may be no bars for years.
func (v reading) longer(series market.Series, length time.Duration) time.Duration {
	return min(2*length, v.longest(series))
}

// longest is a span that holds no more base bars than may be in memory at once.
func (v reading) longest(series market.Series) time.Duration {
	return max(mostFolded*min(lengthOf(v.base(series).Timeframe), day), lengthOf(series.Timeframe))
}

// lengthOf is about how long a bar is.
func lengthOf(t market.Timeframe) time.Duration {
	switch t {
	case market.D1:
		return day
	case market.W1:
		return 7 * day
	case market.Mo1:
		return 31 * day
	case market.Mo3:
		return 92 * day
	}
	return max(t.Length(), time.Minute)
}

// candles are the bars that start inside the window, as they are stored now or were known at the instant: a derived series is
// folded from its base as of then.
func (v reading) candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	base := v.base(series)
	if base == series || v.at.IsZero() && !v.folds {
		return v.stored(ctx, series, w)
	}
	bars, err := v.stored(ctx, base, series.Timeframe.Span(v.calendar, w))
	if err != nil {
		return nil, err
	}
	return market.Resample(bars, base.Timeframe, series.Timeframe, v.calendar, v.over).In(w), nil
}

// stored reads a series that is stored, now or as of the instant.
func (v reading) stored(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if v.at.IsZero() {
		return v.Bars.Candles(ctx, series, w)
	}
	return v.asOf(ctx, series, w)
}

// asOf reads a base series as of the instant.
func (v reading) asOf(ctx context.Context, base market.Series, w market.Window) (*market.Candles, error) {
	if w.Empty() {
		return market.NewCandles(0), nil
	}
	bars, err := v.Truth.CandlesAsOf(ctx, base, w, v.at)
	var typed BeforeArrivalsError
	if errors.Is(err, store.ErrBeforeArrivals) && !errors.As(err, &typed) {
		err = BeforeArrivalsError{Series: base, At: v.at}
	}
	return bars, err
}
