package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// The bounds of one answer, in bars.
const (
	defaultBars = 10_000
	mostBars    = 50_000
)

// The bounds of all answers that are being read and sent, whose bars and text are in memory.
const (
	barsAtOnce    = 300_000 // about 60 MB
	fewestBars    = 1_000   // that an answer counts as
	basePerBar    = 12      // base bars that a derived one is counted as: 12h of 1h
	streamsAtOnce = 2       // each holds a connection to the archive until its client has all of it
)

// CandlesInput asks for bars; of which instrument, the path or the query says.
type CandlesInput struct {
	Timeframe string `query:"timeframe" format:"timeframe" example:"1d" required:"true"`
	Span
	Limit   int      `query:"limit" minimum:"0" maximum:"50000" example:"10" doc:"How many bars, at most; 0 streams all of the window. By default 10000 in JSON, and all in any other format."`
	Order   string   `query:"order" enum:"asc,desc" example:"asc" default:"asc" doc:"desc gives the newest bar first; the next page is then of older bars."`
	Format  string   `query:"format" enum:"json,json-columns,csv,arrow,parquet" example:"json" doc:"Of the answer. Without it the header Accept decides, and JSON where that says nothing."`
	Columns []string `query:"columns" format:"column" example:"[\"ts\",\"close\"]" doc:"Which, and in which order; all by default."`
	Time    string   `query:"time" enum:"rfc3339,unix" example:"rfc3339" default:"rfc3339" doc:"How starts are written in JSON and CSV."`
	Adjust  string   `query:"adjust" format:"adjust" example:"total" default:"split" doc:"On which scale."`
	AsOf    string   `query:"as_of" format:"as-of" example:"2026-01-14T00:00:00Z" doc:"As it was known when; now by default."`
	Session string   `query:"session" enum:"all,regular" example:"all" default:"all" doc:"regular leaves out bars that start when the exchange is closed."`
	Require string   `query:"require" enum:"nothing,complete,settled" example:"nothing" default:"nothing" doc:"Answer 409 unless the window is so: complete is without bars that are late, held back, failed, not yet fetched or not over; settled, too, without bars that the provider may still change."`

	asOf    time.Time
	kind    format.Kind
	columns []format.Column
}

// Resolve finds the instant of as_of, the kind of bytes and the columns.
func (p *CandlesInput) Resolve(ctx huma.Context) []error {
	p.Span.Resolve(ctx)
	c := callOf(ctx)
	p.asOf, c.err = c.api.asOf(c.r.Context(), c.input)
	p.kind = asked(p.Format, c.r.Header.Values("Accept"))
	if !c.query.Has("limit") {
		p.Limit = 0
		if p.kind == format.JSON || p.kind == format.JSONColumns {
			p.Limit = defaultBars
		}
	}
	for i, name := range p.Columns {
		if p.columns = append(p.columns, format.Column(name)); slices.Contains(p.Columns[:i], name) {
			c.refuse("query", "columns", c.query.Get("columns"), "each column once")
		}
	}
	if p.Limit == 0 && p.kind == format.JSONColumns {
		c.refuse("query", "limit", c.query.Get("limit"), "a whole number from 1, with format=json-columns")
	}
	if p.Limit == 0 && p.Order == "desc" {
		c.refuse("query", "order", p.Order, "asc where the window is streamed: desc goes with a limit from 1")
	}
	if !p.asOf.IsZero() && p.Require != "nothing" {
		c.refuse("query", "require", p.Require, "nothing, where as_of is given: why bars were absent is kept as of now alone")
	}
	return nil
}

type candlesByPath struct {
	Instrument string `path:"instrument" format:"instrument" example:"ES"`
	CandlesInput
}

// candles gives the bars of a series: the oldest of [from, to), or without from the newest before to. When there are more after
// the last one given, next says where they begin, and the header Link where to get them.
func (a *API) candles(c *call, instrument string, p *CandlesInput) error {
	request := a.requestOf(c, instrument, p)
	if p.Limit == 0 {
		return a.stream(c, request, p)
	}
	done, err := a.server.Turn(c.r, a.bars, size(request))
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(c.r.Context(), a.server.RequestTimeout)
	defer cancel()
	answer, err := a.Reader.Read(ctx, request)
	if err != nil {
		return a.refusedRead(err, c.input, request)
	}
	return a.sendPage(c, request, answer, p)
}

// requestOf is what is asked of the reader.
func (a *API) requestOf(c *call, instrument string, p *CandlesInput) query.Request {
	request := query.Request{
		Series: market.Series{Instrument: instrument, Timeframe: market.Timeframe(p.Timeframe)}, Window: p.window, Limit: p.Limit,
		Newest: !c.query.Has("from") || p.Order == "desc", Adjust: query.Adjust(p.Adjust), AsOf: p.asOf, Complete: true,
	}
	if p.Session == string(query.SessionRegular) {
		request.Session = query.SessionRegular
	}
	if p.Require != "nothing" {
		request.Require = query.Require(p.Require)
	}
	return request
}

// size is how many bars a request may have in memory. A derived series as of an instant is folded from bars of its base.
func size(r query.Request) int64 {
	n := int64(max(r.Limit, fewestBars))
	if !r.AsOf.IsZero() {
		n = min(n*basePerBar, barsAtOnce)
	}
	return n
}

// refusedRead is what clients see of a read that failed.
func (a *API) refusedRead(err error, in *input, request query.Request) error {
	var incomplete query.IncompleteError
	switch {
	case errors.Is(err, query.ErrNoBars):
		return server.NewProblem(http.StatusNotFound, "no-such-series",
			fmt.Sprintf("no bars of %s are stored, and none that it could be folded from; /api/v1/series lists what is", request.Series))
	case errors.As(err, &incomplete):
		p := server.NewProblem(http.StatusConflict, "incomplete", incomplete.Error())
		p.Lacks = a.server.Views().Lacks(incomplete.Lacks)
		if at := nextOf(incomplete.Lacks); at.After(a.server.Now()) {
			return p.With("Retry-After", server.Seconds(at.Sub(a.server.Now())))
		}
		return p
	}
	return beforeArrivals(err, in)
}

// nextOf is when the first of what is lacking is asked for again; zero where nothing tells.
func nextOf(lacks []query.Lack) (at time.Time) {
	for _, l := range lacks {
		if !l.Next.IsZero() && (at.IsZero() || l.Next.Before(at)) {
			at = l.Next
		}
	}
	return at
}

// nextURL is the same question, from where the answer ended.
func nextURL(path string, query url.Values, name string, next time.Time) string {
	q := url.Values{}
	for name := range query {
		q.Set(name, query.Get(name))
	}
	q.Set(name, next.Format(time.RFC3339))
	return (&url.URL{Path: path, RawQuery: q.Encode()}).String()
}
