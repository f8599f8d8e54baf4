package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"

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
	Layout     string   `query:"layout" enum:"long,wide" example:"long" default:"long" doc:"Of several instruments: one bar a row, or side by side, one start a row, with columns such as ES.close (in JSON an object for each instrument)."`
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
	if p.wide() && p.kind == format.JSONColumns {
		c.refuse("query", "layout", p.Layout, "long, or wide with format=json, csv, arrow or parquet")
	}
	if p.wide() && p.Order == "desc" {
		c.refuse("query", "order", p.Order, "asc, with layout=wide")
	}
	return nil
}

// wide tells whether bars are wanted side by side.
func (p *candlesByQuery) wide() bool { return p.Layout == "wide" }

// several gives the bars of several instruments of one timeframe: of each those that it would have alone. A limit is of each.
// What is required of one is required of all.
func (a *API) several(c *call, p *candlesByQuery) error {
	if len(p.Instrument) == 1 && !p.wide() {
		return a.candles(c, p.Instrument[0], &p.CandlesInput)
	}
	requests := make([]query.Request, len(p.Instrument))
	for i, name := range p.Instrument {
		requests[i] = a.requestOf(c, name, &p.CandlesInput)
	}
	if p.Limit == 0 {
		return a.streamAll(c, requests, p)
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

func seriesOf(requests []query.Request) (all []market.Series) {
	for _, r := range requests {
		all = append(all, r.Series)
	}
	return all
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
	if p.wide() {
		bars := make([]*market.Candles, len(answers))
		for i, answer := range answers {
			bars[i] = answer.Bars
		}
		var w format.WideWriter
		if w, err = format.NewWide(p.kind, &text, o, seriesOf(requests)); err == nil {
			if err = w.Write(bars); err == nil {
				err = w.Close(nil)
			}
		}
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
