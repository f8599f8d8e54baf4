package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/view"
)

// mostInstruments bounds the instruments of one answer.
const mostInstruments = 100

// candlesByQuery asks for bars of one instrument or of several.
type candlesByQuery struct {
	Instrument []string `query:"instrument" format:"instrument" example:"[\"ES\"]" required:"true" doc:"One, or several with commas between."`
	Layout     string   `query:"layout" enum:"long,wide" example:"long" default:"long" doc:"Of several instruments: one bar a row, or side by side (in JSON and CSV), one start a row."`
	CandlesInput
}

// Resolve refuses what goes with one instrument alone.
func (p *candlesByQuery) Resolve(ctx huma.Context) []error {
	p.CandlesInput.Resolve(ctx)
	c := callOf(ctx)
	given := c.query.Get("instrument")
	switch n := len(p.Instrument); {
	case n == 0 && !slices.ContainsFunc(c.wrong, func(i server.Invalid) bool { return i.Parameter == "instrument" }):
		c.refuse("query", "instrument", given, acceptedInstruments)
	case n > mostInstruments:
		c.refuse("query", "instrument", given, "at most "+text(mostInstruments)+" instruments")
	case n > 1 && len(slices.Compact(slices.Sorted(slices.Values(p.Instrument)))) < n:
		c.refuse("query", "instrument", given, "each instrument once")
	case n > 1 && p.Limit > 0 && n*p.Limit > mostBars && c.query.Has("limit"):
		c.refuse("query", "limit", c.query.Get("limit"), "at most "+text(int64(mostBars/n))+
			" for each of so many instruments, or 0 for all of the window")
	}
	if p.Layout == "wide" && p.kind != format.JSON && p.kind != format.CSV {
		c.refuse("query", "layout", p.Layout, "long, or wide with format=json or csv")
	}
	if p.Layout == "wide" && p.kind == format.CSV && !c.query.Has("limit") {
		p.Limit = defaultBars
	}
	if p.Layout == "wide" && p.Order == "desc" {
		c.refuse("query", "order", p.Order, "asc, with layout=wide")
	}
	if p.Layout == "wide" && p.Limit == 0 {
		c.refuse("query", "limit", c.query.Get("limit"), "a whole number from 1, with layout=wide")
	}
	return nil
}

// several gives the bars of several instruments of one timeframe: of each those that it would have alone. A limit is of each.
// What is required of one is required of all.
func (a *API) several(c *call, p *candlesByQuery) error {
	if len(p.Instrument) == 1 && p.Layout != "wide" {
		return a.candles(c, p.Instrument[0], &p.CandlesInput)
	}
	requests := make([]query.Request, len(p.Instrument))
	for i, name := range p.Instrument {
		requests[i] = a.requestOf(c, name, &p.CandlesInput)
	}
	if p.Limit == 0 {
		return a.streamAll(c, requests, &p.CandlesInput)
	}
	if !c.query.Has("limit") {
		for i := range requests {
			requests[i].Limit = min(p.Limit, mostBars/len(requests))
		}
	}
	done, err := a.server.Turn(c.r, a.bars, min(barsAtOnce/2, size(requests[0])*int64(len(requests))))
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(c.r.Context(), a.server.RequestTimeout)
	defer cancel()
	answers := make([]query.Answer, len(requests))
	for i, request := range requests {
		if answers[i], err = a.Reader.Read(ctx, request); err != nil {
			return a.refusedRead(err, c.input, request)
		}
		if p.Order == "desc" {
			answers[i].Bars = reversed(answers[i].Bars)
		}
	}
	return a.sendAll(c, requests, answers, p)
}

// told are the facts of the answers for several instruments.
func (a *API) told(requests []query.Request, answers []query.Answer) format.About {
	complete, more, next := map[string]view.Complete{}, []string{}, map[string]any{}
	for i, answer := range answers {
		name := requests[i].Series.Instrument
		complete[name] = a.server.Views().Complete(answer.Complete, a.Serves, 20)
		next[name] = optional(answer.Next)
		if answer.More {
			more = append(more, name)
		}
	}
	return format.About{
		{Name: "timeframe", Value: requests[0].Series.Timeframe},
		{Name: "instruments", Value: namesOf(requests)},
		{Name: "next", Value: next},
		{Name: "more", Value: more},
		{Name: "complete", Value: complete},
	}
}

// derivedAny tells whether the bars of any answer are made of others: then all have the columns that say of how many.
func derivedAny(answers []query.Answer) bool {
	return slices.ContainsFunc(answers, func(a query.Answer) bool { return a.Derived })
}

func namesOf(requests []query.Request) (names []string) {
	for _, r := range requests {
		names = append(names, r.Series.Instrument)
	}
	return names
}

// sendAll writes the pages of several instruments as one.
func (a *API) sendAll(c *call, requests []query.Request, answers []query.Answer, p *candlesByQuery) (err error) {
	var text bytes.Buffer
	o := format.Options{Columns: p.columns, Derived: derivedAny(answers), Unix: p.Time == "unix", About: a.told(requests, answers)}
	if p.Layout == "wide" {
		var bars []*market.Candles
		var series []market.Series
		for i, answer := range answers {
			bars, series = append(bars, answer.Bars), append(series, requests[i].Series)
		}
		err = format.Wide(p.kind, &text, o, bars, series)
	} else {
		if len(o.Columns) == 0 {
			o.Columns = format.ColumnsOf(o.Derived || p.kind == format.JSON, true)
		}
		var w format.Writer
		if w, err = format.New(p.kind, &text, o); err == nil {
			for i, answer := range answers {
				if err == nil {
					err = w.Write(requests[i].Series, answer.Bars)
				}
			}
			if err == nil {
				err = w.Close(nil)
			}
		}
	}
	if err != nil {
		return err
	}
	a.describeAll(c.w, p.kind, requests, answers)
	a.server.Reply(c.w, c.r, server.Once(p.kind.MediaType(), text.Bytes()))
	return nil
}

func (a *API) describeAll(w http.ResponseWriter, kind format.Kind, requests []query.Request, answers []query.Answer) {
	if kind == format.JSON || kind == format.JSONColumns {
		return
	}
	for i, answer := range answers {
		name := requests[i].Series.Instrument
		w.Header().Add("Barkeep-Complete", name+": "+answer.Complete.Line())
		if answer.More {
			w.Header().Add("Barkeep-More", name)
		}
	}
	w.Header().Set("Content-Disposition", `inline; filename="bars_`+string(requests[0].Series.Timeframe)+kind.Ending()+`"`)
}

// streamAll streams the windows of several instruments one after the other. Each is of one state of the archive. How complete
// they are is found out before the first bar, so that a requirement can be refused.
func (a *API) streamAll(c *call, requests []query.Request, p *CandlesInput) error {
	done, err := a.server.Turn(c.r, a.streams, 1)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(c.r.Context(), longestStream)
	defer cancel()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	answers := make([]query.Answer, len(requests))
	for i, request := range requests { // of the window, without its bars
		request.Limit, request.Newest = 1, false
		if answers[i], err = a.Reader.Complete(ctx, request); err != nil {
			return a.refusedRead(err, c.input, request)
		}
	}
	to := &pieces{w: c.w, timeout: a.server.RequestTimeout}
	a.describeAll(c.w, p.kind, requests, answers)
	c.w.Header().Set("Content-Type", p.kind.MediaType())
	o := format.Options{Columns: p.columns, Derived: derivedAny(answers), Unix: p.Time == "unix", About: a.told(requests, answers)}
	if len(o.Columns) == 0 {
		o.Columns = format.ColumnsOf(o.Derived || p.kind == format.JSON, true)
	}
	if p.kind != format.Parquet {
		to.packed = a.server.Packed(c.w, c.r, to)
	}
	w, err := format.New(p.kind, packing{to}, o)
	for _, request := range requests {
		if err == nil {
			_, err = a.Reader.Stream(ctx, request, oneOfMany{w, request.Series})
		}
	}
	if err == nil {
		err = w.Close(nil)
	}
	if err == nil && to.packed != nil {
		err = to.packed.Close()
	}
	if err != nil {
		a.server.Logger.WarnContext(c.r.Context(), "a stream was cut off", "instruments",
			strings.Join(namesOf(requests), ","), "error", err)
		panic(http.ErrAbortHandler) // the client is not to take a part for the whole
	}
	return nil
}

// oneOfMany writes the bars of one series of several.
type oneOfMany struct {
	format.Writer
	series market.Series
}

// Begin has nothing to say: the head is written.
func (oneOfMany) Begin(query.Head) error { return nil }

// Bars writes bars.
func (w oneOfMany) Bars(bars *market.Candles) error { return w.Write(w.series, bars) }
