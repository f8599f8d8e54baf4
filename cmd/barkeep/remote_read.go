package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/client"
	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/yahoo"
)

// elsewhere shows the coverage of a server.
func (c *coverageCommand) elsewhere(p *process, there *asked) error {
	if c.Rebuild || c.Check {
		return misuse("--rebuild and --check change the archive: run them where it is, without --server (and BARKEEP_SERVER)")
	}
	request, err := c.request()
	switch {
	case err != nil:
		return err
	case c.Proof:
		proofs, err := there.Proofs(p.ctx, request.Instruments)
		if err != nil {
			return err
		}
		return printProofs(p.out, proofs, c.JSON)
	case c.Findings:
		found, err := there.Findings(p.ctx)
		if err != nil {
			return err
		}
		return tellFindings(p.out, found, c.JSON)
	}
	views, err := there.Coverage(p.ctx, client.CoverageRequest{
		Instruments: request.Instruments, Timeframes: request.Timeframes, Reasons: request.Reasons, Window: request.Window,
		Sessions: request.Cells, Gaps: request.Gaps,
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(views, func(a, b view.Coverage) int { return nameOf(a).Compare(nameOf(b)) })
	all := make([]query.SeriesCoverage, len(views))
	for i, v := range views {
		if all[i], err = coverageOf(v); err != nil {
			return err
		}
	}
	return c.print(p.out, all, func() []view.Coverage { return views })
}

func nameOf(v view.Coverage) market.Series {
	return market.Series{Instrument: v.Instrument, Timeframe: v.Timeframe}
}

// coverageOf is coverage from how it is shown.
func coverageOf(v view.Coverage) (query.SeriesCoverage, error) {
	c := query.SeriesCoverage{
		Coverage: market.Coverage{
			Series: nameOf(v), From: v.From.Time(), Horizon: v.Horizon.Time(), Expected: v.Expected, Present: v.Present,
		},
		Absent: absentOf(v.Absent), Gaps: gapsOf(v.Gaps),
	}
	for _, s := range v.Sessions {
		date, err := time.Parse(time.DateOnly, s.Date)
		if err != nil {
			return c, errors.Join(client.ErrAnswer, err)
		}
		c.Cells = append(c.Cells, query.SessionCell{
			Date: calendar.DateOf(date), Expected: s.Expected, Present: s.Present, Absent: absentOf(s.Absent),
		})
	}
	return c, nil
}

// gapsOf are gaps from how they are shown.
func gapsOf(views []view.Gap) (gaps []market.Gap) {
	for _, v := range views {
		gaps = append(gaps, market.Gap{
			Series: market.Series{Instrument: v.Instrument, Timeframe: v.Timeframe}, First: v.First.Time(), Last: v.Last.Time(),
			Bars: v.Bars, Reason: v.Reason, Seen: v.Seen.Time(), Asked: v.Asked.Time(), Times: v.Times, Next: v.Next.Time(),
		})
	}
	return gaps
}

// completeOf is how complete bars are from how it is shown.
func completeOf(instrument string, v view.Complete) query.Completeness {
	at := func(text *string) time.Time {
		if text == nil {
			return time.Time{}
		}
		return (&view.Instant{UTC: *text}).Time()
	}
	return query.Completeness{
		Series: market.Series{Instrument: instrument, Timeframe: v.Timeframe}, Window: market.Window{From: at(v.From), To: at(v.To)},
		Known: v.Known, Expected: v.Expected, Present: v.Present, Absent: absentOf(v.Absent), Gaps: gapsOf(v.Gaps),
		Horizon: at(v.JudgedTo), Unjudged: v.Unjudged, UnjudgedFrom: at(v.UnjudgedFrom), Provisional: at(v.ProvisionalFrom),
		Until: at(v.ProvisionalUntil), Note: v.Note,
	}
}

// source is where bars were read, as far as it is told.
func source(h client.Head) query.Source {
	if h.FoldedFrom != "" {
		return query.FromBase
	}
	return query.FromArchive
}

// mostAsked bounds the bars of one page.
const mostAsked = 50_000

// elsewhere shows the bars of a server.
func (c *showCommand) elsewhere(p *process, there *asked) error {
	width := screenOf(p.out).Width
	request, err := c.request(width, there.now())
	if err != nil {
		return err
	}
	ask := client.CandlesRequest{
		Series: request.Series, Window: request.Window, Adjust: c.Adjust, AsOf: c.AsOf, Session: c.Session, Require: c.Require,
	}
	if request.Newest {
		if ask.Limit = request.Limit; ask.Limit > mostAsked {
			return misuse("--last %s: a server gives %d of the newest bars at once; give a time, or --from", c.Last, mostAsked)
		}
	}
	if kind := c.kind(); kind != "" {
		return c.printElsewhere(p, there, request, ask, kind)
	}
	page, err := there.page(p.ctx, ask)
	if err != nil {
		return err
	}
	request.AsOf = page.AsOf
	answer := query.Answer{
		Bars: page.Bars, Source: source(page.Head), FoldedFrom: page.FoldedFrom, More: page.More, Notes: page.Notes,
		Complete: completeOf(request.Series.Instrument, page.Complete),
	}
	if c.Table {
		return printBars(p.out, answer, request)
	}
	instrument, err := yahoo.Resolve(request.Series.Instrument)
	if err != nil {
		return err
	}
	return printCandles(p.out, answer, request, instrument.Calendar, width)
}

// errEnough ends a stream of which enough was read.
var errEnough = errors.New("enough bars")

// page reads bars, mostShown of them at most.
func (a *asked) page(ctx context.Context, ask client.CandlesRequest) (client.Page, error) {
	if ask.Limit > 0 {
		return a.Candles(ctx, ask)
	}
	page := client.Page{Bars: market.NewCandles(0)}
	notes, err := a.Stream(ctx, ask, func(h client.Head) error {
		page.Head = h
		return nil
	}, func(bars *market.Candles) error {
		room := mostShown - page.Bars.Len()
		page.Bars.AppendAll(bars.Slice(0, min(room, bars.Len())))
		if page.More = bars.Len() > room; page.More {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	page.Notes = append(page.Notes, notes...)
	return page, err
}

// printElsewhere prints the bars of a server for programs.
func (c *showCommand) printElsewhere(
	p *process, there *asked, request query.Request, ask client.CandlesRequest, kind format.Kind,
) error {
	base, _ := yahoo.Capabilities().Base(request.Series.Timeframe)
	to := &view.Stream{
		Renderer: there.names.Renderer, Kind: kind, To: p.out, Request: request, Serves: yahoo.Capabilities(),
	}
	begin := func(h client.Head) error {
		to.Request.AsOf = h.AsOf
		return to.Begin(query.Head{
			Source: source(h), Complete: completeOf(request.Series.Instrument, h.Complete), Notes: h.Notes,
			FoldedFrom: h.FoldedFrom, Derived: h.FoldedFrom != "" || base != request.Series.Timeframe,
		})
	}
	if request.Newest {
		page, err := there.Candles(p.ctx, ask)
		if err == nil {
			err = begin(page.Head)
		}
		if err == nil {
			err = to.Bars(page.Bars)
		}
		if err != nil {
			return err
		}
		return to.Close(nil)
	}
	notes, err := there.Stream(p.ctx, ask, begin, to.Bars)
	if err != nil {
		return err
	}
	return to.Close(notes)
}
