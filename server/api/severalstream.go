package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// streamAll streams the windows of several instruments, one after the other, each of one state of the archive, or side by side,
// all of one state. How complete they are is found out before the first bar, so that a requirement can be refused.
func (a *API) streamAll(c *call, requests []query.Request, p *candlesByQuery) error {
	done, err := a.server.Turn(c.r, a.streams, 1)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(c.r.Context(), longestStream)
	defer cancel()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	to := &manyStreams{api: a, call: c, requests: requests, input: p, to: &pieces{w: c.w, timeout: a.server.RequestTimeout}}
	if p.wide() {
		err = a.Reader.StreamBeside(ctx, requests, to)
	} else {
		err = to.oneByOne(ctx)
	}
	if err == nil {
		err = to.close()
	}
	switch {
	case err != nil && !to.to.began: // nothing was sent: it can be another answer
		for _, name := range []string{"Content-Encoding", "Content-Disposition", "Barkeep-Complete", "Barkeep-More"} {
			c.w.Header().Del(name)
		}
		return a.refusedRead(err, c.input, to.failing(err))
	case err != nil:
		a.server.Logger.WarnContext(c.r.Context(), "a stream was cut off", "instruments",
			strings.Join(namesOf(requests), ","), "error", err)
		panic(http.ErrAbortHandler) // the client is not to take a part for the whole
	}
	return nil
}

// manyStreams is an answer with the windows of several instruments on its way.
type manyStreams struct {
	api      *API
	call     *call
	requests []query.Request
	input    *candlesByQuery
	to       *pieces
	long     format.Writer
	beside   format.WideWriter
}

// begin writes what comes before the bars.
func (m *manyStreams) begin(answers []query.Answer) (err error) {
	a, p, w := m.api, m.input, m.call.w
	a.describeAll(w, p.kind, m.requests, answers)
	w.Header().Set("Content-Type", p.kind.MediaType())
	o := format.Options{Columns: p.columns, Derived: derivedAny(answers), Unix: p.Time == "unix", About: a.told(m.requests, answers)}
	if p.kind != format.Parquet { // which is packed already
		m.to.packed = a.server.Packed(w, m.call.r, m.to)
	}
	if p.wide() {
		m.beside, err = format.NewWide(p.kind, packing{m.to}, o, seriesOf(m.requests))
		return err
	}
	if len(o.Columns) == 0 {
		o.Columns = format.ColumnsOf(o.Derived || p.kind == format.JSON, true)
	}
	m.long, err = format.New(p.kind, packing{m.to}, o)
	return err
}

// close writes what comes after the bars.
func (m *manyStreams) close() (err error) {
	if m.beside != nil {
		err = m.beside.Close(nil)
	} else {
		err = m.long.Close(nil)
	}
	if err == nil && m.to.packed != nil {
		err = m.to.packed.Close()
	}
	return err
}

// failing is the request that an error is of.
func (m *manyStreams) failing(err error) query.Request {
	var of query.SeriesError
	if errors.As(err, &of) {
		for _, r := range m.requests {
			if r.Series == of.Series {
				return r
			}
		}
	}
	return m.requests[0]
}

// oneByOne streams one window after the other.
func (m *manyStreams) oneByOne(ctx context.Context) error {
	answers := make([]query.Answer, len(m.requests))
	for i, request := range m.requests { // of the window, without its bars
		request.Limit, request.Newest = 1, false
		var err error
		if answers[i], err = m.api.Reader.Complete(ctx, request); err != nil {
			return query.SeriesError{Series: request.Series, Err: err}
		}
	}
	if err := m.begin(answers); err != nil {
		return err
	}
	for _, request := range m.requests {
		if _, err := m.api.Reader.Stream(ctx, request, oneOfMany{m.long, request.Series}); err != nil {
			return err
		}
	}
	return nil
}

// Begin implements query.BesideSink.
func (m *manyStreams) Begin(heads []query.Head) error {
	answers := make([]query.Answer, len(heads))
	for i, h := range heads {
		answers[i] = query.Answer{
			Bars: market.NewCandles(0), Source: h.Source, Derived: h.Derived, FoldedFrom: h.FoldedFrom, Complete: h.Complete,
		}
	}
	return m.begin(answers)
}

// Rows implements query.BesideSink.
func (m *manyStreams) Rows(bars []*market.Candles) error { return m.beside.Write(bars) }

// oneOfMany writes the bars of one series of several.
type oneOfMany struct {
	format.Writer
	series market.Series
}

// Begin has nothing to say: the head is written.
func (oneOfMany) Begin(query.Head) error { return nil }

// Bars writes bars.
func (w oneOfMany) Bars(bars *market.Candles) error { return w.Write(w.series, bars) }
