package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"

	"barkeep/market"
	"barkeep/store"
)

// BesideSink takes what is streamed of several series side by side.
type BesideSink interface {
	// Begin is called once, before the first bars, with the head of each series.
	Begin(heads []Head) error
	// Rows takes the next bars of all series: of each, in the sequence of the requests, those that start in one span of time, in
	// order; some may have none. Each span comes after the one before. They belong to it.
	Rows(bars []*market.Candles) error
}

// besideBars is how many bars of all series together are read ahead, and besideLeast of how many a page of one is at least.
const (
	besideBars  = 1 << 17
	besideLeast = 1000
)

// SeriesError tells of which of several series an error is.
type SeriesError struct {
	Series market.Series
	Err    error
}

// Error is for people.
func (e SeriesError) Error() string { return fmt.Sprintf("read %s: %v", e.Series, e.Err) }

// Unwrap gives the error of the series.
func (e SeriesError) Unwrap() error { return e.Err }

// StreamBeside is Stream for several series at once, whose bars come side by side by their starts: with bounded memory, and all
// of one state of the archive. What one of them requires is found out before the first bar. An error of a series is a
// SeriesError.
func (r *Reader) StreamBeside(ctx context.Context, requests []Request, to BesideSink) error {
	if len(requests) == 0 {
		return errors.New("read side by side: no series is asked for")
	}
	limit := min(streamed, max(besideLeast, besideBars/len(requests)))
	for i := range requests {
		requests[i].Limit, requests[i].Newest = limit, false
		if err := requests[i].check(); err != nil {
			return err
		}
		if err := r.askable(requests[i]); err != nil {
			return err
		}
	}
	if r.Stills == nil {
		return fmt.Errorf("read side by side: %w", errNoStills)
	}
	return r.Stills.Still(ctx, func(s store.Still) error {
		all := make([]*abreast, len(requests))
		heads := make([]Head, len(requests))
		for i, request := range requests {
			one := &abreast{stream: stream{Request: request, reader: r, still: s}, bars: market.NewCandles(0), left: request.Window}
			all[i] = one
			var err error
			if one.v, err = r.of(s).begin(ctx, request); err == nil {
				heads[i], err = one.head(ctx)
			}
			if err != nil {
				return SeriesError{request.Series, err}
			}
		}
		return besides(ctx, all, heads, to)
	})
}

// abreast is one series of several that are streamed side by side.
type abreast struct {
	stream
	bars *market.Candles // that were read and are not given away yet
	left market.Window   // that is not read yet
	over bool            // nothing is left to be read
}

// fill reads until there are bars, or nothing is left.
func (s *abreast) fill(ctx context.Context) (err error) {
	for s.bars.Len() == 0 && !s.over {
		if s.bars, s.over, _, err = s.page(ctx, &s.left); err != nil {
			return SeriesError{s.Series, err}
		}
	}
	return nil
}

// until takes the bars that start up to an instant, in Unix seconds.
func (s *abreast) until(last int64) *market.Candles {
	n := sort.Search(s.bars.Len(), func(i int) bool { return s.bars.TS[i] > last })
	given := s.bars.Slice(0, n)
	s.bars = s.bars.Slice(n, s.bars.Len())
	return given
}

// besides gives away what was read of all series up to where the first of them has to be read on.
func besides(ctx context.Context, all []*abreast, heads []Head, to BesideSink) error {
	for began := false; ; {
		last, any := int64(math.MaxInt64), false
		for _, s := range all {
			if err := s.fill(ctx); err != nil {
				return err
			}
			if n := s.bars.Len(); n > 0 {
				any = true
				if !s.over {
					last = min(last, s.bars.TS[n-1])
				}
			}
		}
		if !began { // what fails before is an answer, and no part of one
			if err := to.Begin(heads); err != nil {
				return err
			}
			began = true
		}
		if !any {
			return nil
		}
		rows := make([]*market.Candles, len(all))
		for i, s := range all {
			rows[i] = s.until(last)
		}
		if err := to.Rows(rows); err != nil {
			return err
		}
	}
}
