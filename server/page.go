package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"barkeep/market"
)

// page is a part of a series.
type page struct {
	bars *market.Candles
	next time.Time // start of the first bar after them; zero when there is none in the window
}

// readPage reads at most limit bars of a series: forward from the window's begin, or backward from its end. The archive is
// read in pieces that grow, so that a question about everything costs no more memory than its answer.
func (s *Server) readPage(ctx context.Context, series market.Series, w market.Window, limit int, forward bool) (page, error) {
	states, err := s.Archive.States(ctx)
	if err != nil {
		return page{}, err
	}
	i := slices.IndexFunc(states, func(state market.SeriesState) bool { return state.Series == series && state.Count > 0 })
	if i < 0 {
		return page{}, newProblem(http.StatusNotFound, "no-such-series",
			fmt.Sprintf("no bars of %s are stored; /api/v1/series lists what is", series))
	}
	span := clip(w, states[i])
	if forward {
		return s.readForward(ctx, series, span, limit)
	}
	return s.readBackward(ctx, series, span, limit)
}

// span is a half-open span of Unix seconds: durations are too short for 50,000 quarters.
type span struct{ from, to int64 }

func (s span) window() market.Window {
	return market.Window{From: time.Unix(s.from, 0).UTC(), To: time.Unix(s.to, 0).UTC()}
}

// clip leaves the part of a window in which there are bars. A zero bound is none.
func clip(w market.Window, state market.SeriesState) span {
	s := span{state.Oldest.Unix(), state.Newest.Unix() + 1}
	if !w.From.IsZero() {
		s.from = max(s.from, ceil(w.From))
	}
	if !w.To.IsZero() {
		s.to = min(s.to, ceil(w.To))
	}
	return s
}

// ceil is the first whole second that is not before t; bars start at whole seconds.
func ceil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func (s *Server) readForward(ctx context.Context, series market.Series, w span, limit int) (page, error) {
	bars := market.NewCandles(0)
	step, most := steps(series.Timeframe, limit)
	for from := w.from; from < w.to && bars.Len() <= limit; step = min(2*step, most) {
		to := min(from+step, w.to)
		part, err := s.Archive.Candles(ctx, series, span{from, to}.window())
		if err != nil {
			return page{}, err
		}
		add(bars, part)
		from = to
	}
	if bars.Len() <= limit {
		return page{bars: bars}, nil
	}
	return page{bars: bars.Slice(0, limit), next: time.Unix(bars.TS[limit], 0).UTC()}, nil
}

func (s *Server) readBackward(ctx context.Context, series market.Series, w span, limit int) (page, error) {
	var parts []*market.Candles
	count := 0
	step, most := steps(series.Timeframe, limit)
	for to := w.to; to > w.from && count < limit; step = min(2*step, most) {
		from := max(to-step, w.from)
		part, err := s.Archive.Candles(ctx, series, span{from, to}.window())
		if err != nil {
			return page{}, err
		}
		parts, count, to = append(parts, part), count+part.Len(), from
	}
	bars := market.NewCandles(count)
	for _, part := range slices.Backward(parts) {
		add(bars, part)
	}
	return page{bars: bars.Slice(max(0, count-limit), count)}, nil
}

// add appends columns to columns.
func add(to, from *market.Candles) {
	to.TS = append(to.TS, from.TS...)
	to.Open = append(to.Open, from.Open...)
	to.High = append(to.High, from.High...)
	to.Low = append(to.Low, from.Low...)
	to.Close = append(to.Close, from.Close...)
	to.Volume = append(to.Volume, from.Volume...)
	to.Flags = append(to.Flags, from.Flags...)
}

// steps are the seconds of the first piece, which holds the bars asked for if none is missing, and of the longest.
func steps(t market.Timeframe, limit int) (first, most int64) {
	const day = 24 * 60 * 60
	length := int64(t.Length() / time.Second)
	switch t {
	case market.D1:
		length = day
	case market.W1:
		length = 7 * day
	case market.Mo1:
		length = 28 * day
	case market.Mo3:
		length = 90 * day
	}
	return length * int64(limit+1), length * (mostBars + 1)
}
