package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// The bounds of all answers that are being read and sent, whose bars and text are in memory.
const (
	barsAtOnce = 300_000 // about 60 MB
	fewestBars = 1_000   // that an answer counts as
	basePerBar = 12      // base bars that a derived one is counted as: 12h of 1h
)

// CandlesInput asks for bars; of which instrument, the path or the query says.
type CandlesInput struct {
	Timeframe string `query:"timeframe" format:"timeframe" example:"1d" required:"true"`
	Span
	Limit  int    `query:"limit" minimum:"1" maximum:"50000" example:"10" default:"10000" doc:"How many bars, at most."`
	Format string `query:"format" enum:"json,csv" example:"json" default:"json" doc:"Of the answer."`
	Adjust string `query:"adjust" format:"adjust" example:"total" default:"split" doc:"On which scale."`
	AsOf   string `query:"as_of" format:"as-of" example:"2026-01-14T00:00:00Z" doc:"As it was known when; now by default."`

	asOf time.Time
}

// Resolve finds the instant of as_of.
func (p *CandlesInput) Resolve(ctx huma.Context) []error {
	p.Span.Resolve(ctx)
	c := callOf(ctx)
	p.asOf, c.err = c.api.asOf(c.r.Context(), c.input)
	return nil
}

type candlesByQuery struct {
	Instrument string `query:"instrument" format:"instrument" example:"ES" required:"true"`
	CandlesInput
}

type candlesByPath struct {
	Instrument string `path:"instrument" format:"instrument" example:"ES"`
	CandlesInput
}

// candles gives the bars of a series: the oldest of [from, to), or without from the newest before to. When there are more after
// the last one given, next says where they begin, and the header Link where to get them. adjust says on which scale they are,
// as_of as they were known when.
func (a *API) candles(c *call, instrument string, p *CandlesInput) error {
	w, r := c.w, c.r
	request := query.Request{
		Series: market.Series{Instrument: instrument, Timeframe: market.Timeframe(p.Timeframe)}, Window: p.window, Limit: p.Limit,
		Newest: !c.query.Has("from"), Adjust: query.Adjust(p.Adjust), AsOf: p.asOf,
	}
	done, err := a.server.Turn(r, a.bars, size(request))
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(w, a.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), a.server.RequestTimeout)
	defer cancel()
	answer, err := a.Reader.Read(ctx, request)
	if err != nil {
		return refusedRead(err, c.input, request)
	}
	if !answer.Next.IsZero() {
		w.Header().Set("Link", "<"+nextURL(r.URL.Path, c.query, answer.Next)+`>; rel="next"`)
	}
	a.send(c, p.Format, request, answer)
	return nil
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
func refusedRead(err error, in *input, request query.Request) error {
	if errors.Is(err, query.ErrNoBars) {
		return server.NewProblem(http.StatusNotFound, "no-such-series",
			fmt.Sprintf("no bars of %s are stored; /api/v1/series lists what is", request.Series))
	}
	return beforeArrivals(err, in)
}

// send writes an answer.
func (a *API) send(c *call, format string, request query.Request, answer query.Answer) {
	if format == "csv" {
		for _, note := range answer.Notes {
			c.w.Header().Add("Barkeep-Note", note)
		}
		c.w.Header().Set("Content-Disposition", `inline; filename="`+fileName(request.Series)+`"`)
		text := appendCSV(nil, answer.Bars, a.derived(request.Series))
		a.server.Reply(c.w, c.r, server.Once("text/csv; charset=utf-8; header=present", text))
		return
	}
	a.server.Reply(c.w, c.r, a.page(request, answer))
}

// derived tells whether the bars of a series are made of others.
func (a *API) derived(series market.Series) bool {
	base, ok := a.Reader.Capabilities.Base(series.Timeframe)
	return ok && base != series.Timeframe
}

// page is a page of bars as JSON.
type page struct {
	first int64 // the start of the first bar, in Unix seconds
	bars  int
	text  *server.Text
}

// page writes an answer, or finds it written: the newest bars of a series are the same until its version changes.
func (a *API) page(request query.Request, answer query.Answer) *server.Text {
	series := request.Series
	if answer.Version == 0 || answer.Bars.Len() == 0 || !answer.Next.IsZero() {
		return server.Once("application/json", appendJSON(nil, request, answer))
	}
	now := page{first: answer.Bars.TS[0], bars: answer.Bars.Len()}
	if old, found := a.pages.Get(series, answer.Version); found && old.first == now.first && old.bars == now.bars {
		return old.text
	}
	now.text = server.NewText("application/json", appendJSON(nil, request, answer))
	a.pages.Put(series, answer.Version, now)
	return now.text
}

// nextURL is the same question, from where the answer ended.
func nextURL(path string, query url.Values, next time.Time) string {
	q := url.Values{}
	for name := range query {
		q.Set(name, query.Get(name))
	}
	q.Set("from", next.Format(time.RFC3339))
	return (&url.URL{Path: path, RawQuery: q.Encode()}).String()
}

// fileName holds no character of the instrument that a file system or a header may not.
func fileName(series market.Series) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, series.Instrument)
	return name + "_" + string(series.Timeframe) + ".csv"
}
