package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	barsAtOnce = 300_000 // about 60 MB
	fewestBars = 1_000   // that an answer counts as
	basePerBar = 12      // base bars that a derived one is counted as: 12h of 1h
)

// candles gives the bars of a series: the oldest of [from, to), or without from the newest before to. When there are more after
// the last one given, next says where they begin, and the header Link where to get them. adjust says on which scale they are,
// as_of as they were known when.
func (a *API) candles(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "instrument", "timeframe", "from", "to", "limit", "format", "adjust", "as_of")
	request := query.Request{
		Series: market.Series{Instrument: in.instrument("instrument", a.Resolve), Timeframe: in.timeframe("timeframe")},
		Window: market.Window{From: in.moment("from"), To: in.moment("to")},
		Limit:  in.number("limit", defaultBars, 1, mostBars),
		Newest: !in.query.Has("from"),
		Adjust: query.Adjust(in.oneOf("adjust", query.Adjusts()...)),
	}
	format := in.oneOf("format", "json", "csv")
	if !request.Newest && in.query.Has("to") && len(in.wrong) == 0 && request.Window.Empty() {
		in.refuse("query", "to", in.query.Get("to"), "an instant after from, which is "+request.Window.From.Format(time.RFC3339))
	}
	var err error
	if request.AsOf, err = a.asOf(r.Context(), in); err != nil {
		return err
	}
	if err := in.err(); err != nil {
		return err
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
		return refused(err, in, request)
	}
	if !answer.Next.IsZero() {
		w.Header().Set("Link", "<"+nextURL(in.query, answer.Next)+`>; rel="next"`)
	}
	a.send(w, format, request, answer)
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

// refused is what clients see of a read that failed.
func refused(err error, in *input, request query.Request) error {
	if errors.Is(err, query.ErrNoBars) {
		return server.NewProblem(http.StatusNotFound, "no-such-series",
			fmt.Sprintf("no bars of %s are stored; /api/v1/series lists what is", request.Series))
	}
	return beforeArrivals(err, in)
}

// send writes an answer.
func (a *API) send(w http.ResponseWriter, as string, request query.Request, answer query.Answer) {
	if as == "csv" {
		for _, note := range answer.Notes {
			w.Header().Add("Barkeep-Note", note)
		}
		w.Header().Set("Content-Disposition", `inline; filename="`+fileName(request.Series)+`"`)
		o := format.Options{Series: request.Series, Derived: a.derived(request.Series)}
		server.Send(w, http.StatusOK, format.CSV.MediaType(), encode(format.CSV, o, answer.Bars))
		return
	}
	server.Send(w, http.StatusOK, "application/json", a.page(request, answer))
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
	text  []byte
}

// page writes an answer, or finds it written: the newest bars of a series are the same until its version changes.
func (a *API) page(request query.Request, answer query.Answer) []byte {
	series := request.Series
	if answer.Version == 0 || answer.Bars.Len() == 0 || !answer.Next.IsZero() {
		return encodeJSON(request, answer)
	}
	now := page{first: answer.Bars.TS[0], bars: answer.Bars.Len()}
	if old, found := a.pages.Get(series, answer.Version); found && old.first == now.first && old.bars == now.bars {
		return old.text
	}
	now.text = encodeJSON(request, answer)
	a.pages.Put(series, answer.Version, now)
	return now.text
}

// nextURL is the same question, from where the answer ended.
func nextURL(query url.Values, next time.Time) string {
	q := url.Values{}
	for name := range query {
		q.Set(name, query.Get(name))
	}
	q.Set("from", next.Format(time.RFC3339))
	return "/api/v1/candles?" + q.Encode()
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
