package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
)

// The bounds of an answer: a model reads all of it.
const (
	defaultBars = 100
	mostBars    = 2_000
	mostGaps    = 50
)

type candlesInput struct {
	Instrument string `json:"instrument" jsonschema:"such as ES, AAPL, ^GSPC or BTC-USD"`
	Timeframe  string `json:"timeframe" jsonschema:"one of 1m, 2m, 3m, 5m, 15m, 30m, 1h, 90m, 2h, 4h, 6h, 8h, 12h, 1d, 1wk, 1mo, 3mo"`
	From       string `json:"from,omitempty" jsonschema:"the first bars that start at this date or instant (UTC) or later; without it the newest ones"`
	To         string `json:"to,omitempty" jsonschema:"only bars that start before this date or instant"`
	Limit      int    `json:"limit,omitempty" jsonschema:"how many bars, up to 2000; 100 by default"`
	Adjust     string `json:"adjust,omitempty" jsonschema:"split (default), none (as traded then) or total (dividends reinvested)"`
	AsOf       string `json:"as_of,omitempty" jsonschema:"as it was known at an instant, or run:12 for the end of a run"`
	Session    string `json:"session,omitempty" jsonschema:"all (default), or regular to leave out bars from outside the session"`
	Require    string `json:"require,omitempty" jsonschema:"complete or settled: an error instead of bars where the window is not so"`
}

// candlesOutput are bars and what is known of them.
type candlesOutput struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Adjust     query.Adjust     `json:"adjust"`
	AsOf       string           `json:"as_of"` // the instant of which all of this is known
	Source     query.Source     `json:"source"`
	Complete   view.Complete    `json:"complete"`
	Notes      []string         `json:"notes,omitempty"`
	Next       *string          `json:"next"`       // from of the next page; null where there is none
	More       bool             `json:"more_older"` // older bars were left out
	Columns    []string         `json:"columns"`
	Rows       [][]any          `json:"rows"`
}

func (t tools) candles(ctx context.Context, in candlesInput) (any, error) {
	request, err := t.request(ctx, in)
	if err != nil {
		return nil, err
	}
	answer, err := t.Reader.Read(ctx, request)
	var incomplete query.IncompleteError
	switch {
	case errors.Is(err, query.ErrNoBars):
		return nil, fmt.Errorf("no bars of %s are stored, and none that it could be folded from: %s", request.Series,
			t.stored(ctx, request.Series.Instrument))
	case errors.As(err, &incomplete):
		return nil, errors.New(incomplete.Error())
	case err != nil:
		return nil, err
	}
	out := candlesOutput{
		Instrument: request.Series.Instrument, Timeframe: request.Series.Timeframe, Adjust: request.Adjust, Source: answer.Source,
		AsOf: t.Now().UTC().Format(time.RFC3339), Complete: t.Views.Complete(answer.Complete, t.Serves, mostGaps), Notes: answer.Notes,
		More:    answer.More && request.Newest,
		Columns: []string{"start", "open", "high", "low", "close", "volume", "flags"}, Rows: [][]any{},
	}
	if !request.AsOf.IsZero() {
		out.AsOf = request.AsOf.UTC().Format(time.RFC3339Nano)
	}
	if !answer.Next.IsZero() {
		next := answer.Next.UTC().Format(time.RFC3339)
		out.Next = &next
	}
	for i := range answer.Bars.Len() {
		out.Rows = append(out.Rows, row(answer.Bars.At(i)))
	}
	return out, nil
}

// row is a bar; a volume that nobody gave is null.
func row(b market.Candle) []any {
	var volume any
	if b.Volume != market.NoVolume {
		volume = b.Volume
	}
	return []any{
		b.Start.UTC().Format(time.RFC3339), b.Open, b.High, b.Low, b.Close, volume, strings.Join(format.FlagNames(b.Flags), " "),
	}
}

// request reads what was asked for.
func (t tools) request(ctx context.Context, in candlesInput) (r query.Request, err error) {
	i, err := t.instrument(ctx, in.Instrument)
	if err != nil {
		return r, err
	}
	r = query.Request{
		Series: market.Series{Instrument: i.Name}, Limit: in.Limit, Newest: in.From == "", Complete: true, Session: query.SessionAll,
	}
	if r.Series.Timeframe, err = timeframe(in.Timeframe); err != nil {
		return r, err
	}
	if r.Window, err = window(in.From, in.To); err != nil {
		return r, err
	}
	if r.Limit == 0 {
		r.Limit = defaultBars
	}
	if r.Limit < 1 || r.Limit > mostBars {
		return r, fmt.Errorf("limit %d: accepted are 1 to %d bars; ask for the next page with from", in.Limit, mostBars)
	}
	if r.Adjust, err = query.ParseAdjust(in.Adjust); err != nil {
		return r, err
	}
	if in.Session != "" && !slices.Contains(query.Sessions(), in.Session) {
		return r, fmt.Errorf("session %q: accepted are %s", in.Session, strings.Join(query.Sessions(), ", "))
	}
	r.Session = query.Session(in.Session)
	if in.Require != "" && !slices.Contains(query.Requires(), in.Require) {
		return r, fmt.Errorf("require %q: accepted are %s", in.Require, strings.Join(query.Requires(), ", "))
	}
	if in.Require != query.Requires()[0] {
		r.Require = query.Require(in.Require)
	}
	if in.AsOf == "" {
		return r, nil
	}
	named, err := query.ParseInstant(in.AsOf)
	if err != nil {
		return r, fmt.Errorf("as_of: %w; accepted is %s", err, query.AcceptedInstants)
	}
	r.AsOf, err = named.Settle(ctx, t.Archive, t.Now())
	return r, err
}

type seriesInput struct {
	Instrument string `json:"instrument,omitempty" jsonschema:"only this one"`
}

func (t tools) series(ctx context.Context, in seriesInput) (any, error) {
	states, err := t.Archive.States(ctx)
	if err != nil {
		return nil, err
	}
	if in.Instrument != "" {
		i, err := t.instrument(ctx, in.Instrument)
		if err != nil {
			return nil, err
		}
		states = slices.DeleteFunc(states, func(s market.SeriesState) bool { return s.Series.Instrument != i.Name })
		if len(states) == 0 {
			return nil, errors.New(t.stored(ctx, i.Name))
		}
	}
	return map[string]any{"as_of": t.Now().UTC().Format(time.RFC3339), "series": t.Views.Series(states, t.Now())}, nil
}

type coverageInput struct {
	Instrument string `json:"instrument,omitempty" jsonschema:"only this one; without it the sums of all series, and no gaps"`
	Timeframe  string `json:"timeframe,omitempty" jsonschema:"only this one"`
	From       string `json:"from,omitempty" jsonschema:"only gaps from this date or instant (UTC) on"`
	To         string `json:"to,omitempty" jsonschema:"only gaps before it"`
}

func (t tools) coverage(ctx context.Context, in coverageInput) (any, error) {
	var request query.CoverageRequest
	var err error
	if request.Window, err = window(in.From, in.To); err != nil {
		return nil, err
	}
	if in.Instrument != "" {
		i, err := t.instrument(ctx, in.Instrument)
		if err != nil {
			return nil, err
		}
		request.Instruments, request.Gaps = []string{i.Name}, true
	}
	if in.Timeframe != "" {
		f, err := timeframe(in.Timeframe)
		if err != nil {
			return nil, err
		}
		request.Timeframes = []market.Timeframe{f}
	}
	all, err := query.ReadCoverage(ctx, t.Archive, request)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("no such series was judged yet; " + t.stored(ctx, strings.Join(request.Instruments, "")))
	}
	cut := false
	for i := range all {
		if n := len(all[i].Gaps); n > mostGaps {
			all[i].Gaps, cut = all[i].Gaps[n-mostGaps:], true
		}
	}
	return map[string]any{
		"as_of": t.Now().UTC().Format(time.RFC3339), "older_gaps_left_out": cut, "coverage": t.Views.Coverages(all, t.Serves),
	}, nil
}
