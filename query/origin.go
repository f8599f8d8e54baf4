package query

import (
	"context"
	"slices"
	"time"

	"barkeep/market"
)

// begin finds out how a series is read.
func (r *Reader) begin(ctx context.Context, request Request) (reading, error) {
	v, err := r.reading(ctx, request.Series.Instrument, request.AsOf)
	if err != nil {
		return v, err
	}
	v.series = request.Series
	if request.AsOf.IsZero() {
		_, v.from, err = r.kept(ctx, v.series)
		if v.folds = v.from != v.series; !v.folds {
			v.from = r.base(v.series)
		}
		return v, err
	}
	v.from, err = r.recorded(ctx, v.series)
	return v, err
}

// recorded finds what the bars of a series as of an instant are read from: the series of which it is made in an archive, or where
// nothing was ever known of that, another one.
func (r *Reader) recorded(ctx context.Context, series market.Series) (market.Series, error) {
	base := r.base(series)
	for _, from := range append([]market.Series{base}, r.finer(series)...) {
		state, _, err := r.Bars.State(ctx, from)
		if err != nil || state.Count > 0 {
			return from, err
		}
		if _, arrived, err := r.Truth.FirstArrival(ctx, from); err != nil || arrived {
			return from, err
		}
	}
	return base, nil
}

// FirstKnown is the first instant as of which a series can be read; false where nothing of it arrived since that is recorded.
func (r *Reader) FirstKnown(ctx context.Context, series market.Series) (at time.Time, found bool, err error) {
	from, err := r.recorded(ctx, series)
	if err != nil {
		return time.Time{}, false, err
	}
	return r.Truth.FirstArrival(ctx, from)
}

// kept finds what the bars of a series are read from now: the series itself, or where it is not kept, one of which it can be
// folded. The error is ErrNoBars where there is none.
func (r *Reader) kept(ctx context.Context, series market.Series) (state market.SeriesState, from market.Series, err error) {
	for _, from = range append([]market.Series{series}, r.finer(series)...) {
		if state, _, err = r.Bars.State(ctx, from); err != nil || state.Count > 0 {
			return state, from, err
		}
	}
	return market.SeriesState{}, series, ErrNoBars
}

func (r *Reader) finer(series market.Series) []market.Series { return Finer(r.Capabilities, series) }

// Finer are the series of which another one can be folded: first the one that it is made of in an archive, then the longer ones.
func Finer(c market.Capabilities, series market.Series) (all []market.Series) {
	if base, ok := c.Base(series.Timeframe); ok && base != series.Timeframe {
		all = append(all, market.Series{Instrument: series.Instrument, Timeframe: base})
	}
	for _, t := range slices.Backward(market.Timeframes()) {
		one := market.Series{Instrument: series.Instrument, Timeframe: t}
		if series.Timeframe.MultipleOf(t) && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// base is the series of which a series is made here.
func (v reading) base(series market.Series) market.Series {
	if series == v.series {
		return v.from
	}
	return v.Reader.base(series)
}

// base is the series of which a series is made; the series itself where it is fetched.
func (r *Reader) base(series market.Series) market.Series {
	if base, ok := r.Capabilities.Base(series.Timeframe); ok {
		series.Timeframe = base
	}
	return series
}
