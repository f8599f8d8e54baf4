package api

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// asked is the kind of bytes of an answer: the one that is named, else the first that the client accepts, else JSON.
func asked(named string, accepts []string) format.Kind {
	if named != "" {
		return format.Kind(named)
	}
	for _, header := range accepts {
		for one := range strings.SplitSeq(header, ",") {
			media, _, _ := strings.Cut(one, ";")
			for _, k := range []format.Kind{format.JSON, format.CSV, format.Arrow, format.Parquet} {
				if strings.EqualFold(strings.TrimSpace(media), mediaOf(k)) {
					return k
				}
			}
		}
	}
	return format.JSON
}

// mediaOf is the media type of a kind, without parameters.
func mediaOf(k format.Kind) string {
	media, _, _ := strings.Cut(k.MediaType(), ";")
	return media
}

// sendPage writes a page of bars. JSON says in its body what the other kinds say in headers.
func (a *API) sendPage(c *call, request query.Request, answer query.Answer, p *CandlesInput) error {
	next, parameter := answer.Next, "from"
	if p.Order == "desc" {
		if answer.More {
			next, parameter = answer.Bars.At(0).Start, "to"
		}
		answer.Bars, answer.Version = reversed(answer.Bars), 0
	}
	if !next.IsZero() {
		c.w.Header().Set("Link", "<"+nextURL(c.r.URL.Path, c.query, parameter, next)+`>; rel="next"`)
	}
	c.w.Header().Set("Barkeep-Source", string(answer.Source))
	if answer.More {
		c.w.Header().Set("Barkeep-More", "true")
	}
	views := a.server.Views()
	about := format.About{{Name: "count", Value: answer.Bars.Len()}, {Name: "next", Value: optional(next)}}
	about = append(about, views.About(request, answer.FoldedFrom, answer.Notes, answer.Complete, a.Serves)...)
	o := format.Options{
		Series: request.Series, Columns: p.columns, Derived: answer.Derived, Unix: p.Time == "unix", About: about,
	}
	if p.kind == format.JSON {
		text, err := a.jsonPage(o, answer)
		if err == nil {
			a.server.Reply(c.w, c.r, text)
		}
		return err
	}
	var text bytes.Buffer
	w, err := format.New(p.kind, &text, o)
	if err == nil {
		err = w.Write(o.Series, answer.Bars)
	}
	if err == nil {
		err = w.Close(nil)
	}
	if err != nil {
		return err
	}
	a.describe(c.w, p.kind, request, answer.Source, answer.Notes, answer.Complete)
	a.server.Reply(c.w, c.r, server.Once(p.kind.MediaType(), text.Bytes()))
	return nil
}

// optional is an instant, or nil for the zero time.
func optional(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339)
}

// reversed are bars with the newest first.
func reversed(bars *market.Candles) *market.Candles {
	out := market.NewCandles(bars.Len())
	for i := bars.Len() - 1; i >= 0; i-- {
		out.Append(bars.At(i))
	}
	return out
}

// page is a page of bars as JSON.
type page struct {
	first   int64 // the start of the first bar, in Unix seconds
	bars    int
	columns []format.Column
	unix    bool
	rows    []byte // the bars
	head    []byte // what stands before them, which changes without them
	text    *server.Text
}

// same tells whether a page has the bars of another one, written in the same way.
func (p page) same(other page) bool {
	return p.first == other.first && p.bars == other.bars && p.unix == other.unix && slices.Equal(p.columns, other.columns)
}

// jsonPage writes a page, or finds it written: the newest bars of a series are the same until its version changes.
func (a *API) jsonPage(o format.Options, answer query.Answer) (*server.Text, error) {
	head, err := format.JSONHead(o)
	if err != nil {
		return nil, err
	}
	if answer.Version == 0 || answer.Bars.Len() == 0 {
		rows, err := format.JSONRows(o, answer.Bars)
		return server.Once(format.JSON.MediaType(), format.JSONPage(head, rows)), err
	}
	now := page{first: answer.Bars.TS[0], bars: answer.Bars.Len(), columns: o.Columns, unix: o.Unix, head: head}
	old, found := a.pages.Get(o.Series, answer.Version)
	if found = found && old.same(now); found && bytes.Equal(old.head, head) {
		return old.text, nil
	}
	if now.rows = old.rows; !found {
		if now.rows, err = format.JSONRows(o, answer.Bars); err != nil {
			return nil, err
		}
	}
	now.text = server.NewText(format.JSON.MediaType(), format.JSONPage(head, now.rows))
	a.pages.Put(o.Series, answer.Version, now)
	return now.text, nil
}

// describe says in headers what JSON says in its body.
func (a *API) describe(
	w http.ResponseWriter, kind format.Kind, request query.Request, source query.Source, notes []string, c query.Completeness,
) {
	h := w.Header()
	for _, note := range notes {
		h.Add("Barkeep-Note", note)
	}
	h.Set("Barkeep-Source", string(source))
	h.Set("Barkeep-Complete", c.Line())
	h.Set("Content-Disposition", `inline; filename="`+fileName(request.Series)+kind.Ending()+`"`)
}

// fileName holds no character of the instrument that a file system or a header may not.
func fileName(series market.Series) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, series.Instrument)
	return name + "_" + string(series.Timeframe)
}
