package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"barkeep/app"
	"barkeep/market"
	"barkeep/term"
	"barkeep/yahoo"
)

// healCommand fills gaps from another archive.
type healCommand struct {
	From       string  `required:"" help:"Another archive: postgres://user@host/name, sqlite:PATH, a path, @FILE that holds such a URL; or http://host:port of a running Barkeep." placeholder:"URL|FILE"`
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	Timeframe  *string `help:"Only these timeframes, with commas between." placeholder:"1m,1d"`
	DryRun     bool    `help:"Show what would be filled, and store nothing."`
	JSON       bool    `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *healCommand) Help() string {
	return "For every gap of this archive, whatever the reason, the bars are taken from the other one where both have the same " +
		"bars beside it: ten on each side, or at an end of the series on the one side that there is. That also brings back what the " +
		"provider does not serve any more. What differs is left and named; nothing that is stored is changed, and the other side is " +
		"only read. Each month of a series is stored at once, with what derives from it. It exits with 0 when every gap was filled " +
		"for which there are bars, 3 when some were left, and 4 when the other side fails."
}

// Run carries the command out.
func (c *healCommand) Run(p *process) error {
	instruments, timeframes, err := yahoo.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return err
	}
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	report, err := a.Heal(p.ctx, app.HealRequest{
		From: c.From, Instruments: instruments, Timeframes: timeframes, DryRun: c.DryRun,
	}, s.options())
	err = errors.Join(err, a.Close())
	v := newHealView(report, c.DryRun)
	switch {
	case report.From == "":
		return err
	case c.JSON:
		err = errors.Join(err, printJSON(p.out, v))
	default:
		v.print(p.out)
	}
	if err == nil && report.Run.ID != 0 {
		if code := exitCodeOf(report.Run.State); code != exitDone {
			err = exit(code)
		}
	}
	if err == nil && v.Left > 0 {
		err = exit(exitPartial)
	}
	return err
}

// healView is what heal shows.
type healView struct {
	From   string       `json:"from"`
	DryRun bool         `json:"dry_run"`
	Run    int64        `json:"run,omitempty"`
	Filled int64        `json:"filled"`
	Left   int64        `json:"left"` // gaps
	Series []healedView `json:"series"`
}

type healedView struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Gaps       int              `json:"gaps"`
	Absent     int64            `json:"absent"` // bars, before
	Filled     int64            `json:"filled"`
	None       int64            `json:"not_there"` // absent bars that are not there either
	Left       []leftGapView    `json:"left"`
}

type leftGapView struct {
	First  time.Time        `json:"first"`
	Last   time.Time        `json:"last"`
	Reason market.GapReason `json:"reason"`
	Bars   int64            `json:"bars"` // that are there for it
	Why    string           `json:"why"`
}

func newHealView(r app.HealReport, dryRun bool) healView {
	v := healView{From: r.From, DryRun: dryRun, Run: r.Run.ID, Series: []healedView{}}
	for _, h := range r.Series {
		one := healedView{
			Instrument: h.Series.Instrument, Timeframe: h.Series.Timeframe, Gaps: h.Gaps, Absent: h.Bars, Filled: h.Filled, None: h.None,
			Left: []leftGapView{},
		}
		for _, l := range h.Left {
			one.Left = append(one.Left, leftGapView{l.Gap.First, l.Gap.Last, l.Gap.Reason, l.Bars, l.Why})
		}
		v.Filled, v.Left = v.Filled+h.Filled, v.Left+int64(len(h.Left))
		v.Series = append(v.Series, one)
	}
	return v
}

// print shows it in 80 columns.
func (v healView) print(w io.Writer) {
	w = term.Fit(w)
	fmt.Fprintf(w, "%s %s, %s left\n", several(v.Filled, "bar"), v.done(), several(v.Left, "gap"))
	fmt.Fprintln(w, "healing from", v.From)
	for _, s := range v.Series {
		fmt.Fprintf(w, "%s %s: %s, %s absent\n", s.Instrument, s.Timeframe, several(int64(s.Gaps), "gap"),
			several(s.Absent, "bar"))
		fmt.Fprintf(w, "  %11s  filled\n", term.Count(s.Filled))
		if s.None > 0 {
			fmt.Fprintf(w, "  %11s  not there either\n", term.Count(s.None))
		}
		const most = 20
		for _, l := range s.Left[:min(len(s.Left), most)] {
			fmt.Fprintf(w, "  %11s  left, from %s to %s (%s)\n", term.Count(l.Bars), stamp(l.First), stamp(l.Last), l.Reason)
			paragraph(w, "             "+l.Why)
		}
		if more := len(s.Left) - most; more > 0 {
			fmt.Fprintf(w, "               and %s more, which --json lists\n", several(int64(more), "gap"))
		}
	}
}

// done says what became of the bars that fill gaps.
func (v healView) done() string {
	if v.DryRun {
		return "would be filled; nothing was stored"
	}
	return "filled"
}
