package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/calendar"
	"barkeep/draw"
	"barkeep/market"
	"barkeep/query"
	"barkeep/term"
	"barkeep/yahoo"
)

// showCommand shows the bars of a series.
type showCommand struct {
	remote
	Instrument string `arg:"" help:"Instrument."`
	Timeframe  string `arg:"" help:"Timeframe; 1d by default. One that is not kept is folded from one that is." default:"1d"`
	Last       string `help:"Only the newest bars: of so many minutes, hours, days or weeks (90m, 36h, 2d, 3wk), or so many of them (100)." placeholder:"2d"`
	From       string `help:"Only bars that start at this date or instant (UTC), or later." placeholder:"DATE"`
	To         string `help:"Only bars that start before this date or instant." placeholder:"DATE"`
	Adjust     string `help:"Scale: split (as stored), none (as traded then), or total (dividends reinvested)." default:"split"`
	AsOf       string `name:"as-of" help:"As known at an instant (2026-11-20T14:30:00Z), or at the end of a run (run:12)." placeholder:"WHEN"`
	Session    string `help:"regular leaves out bars from outside the session; all shows them." default:"all"`
	Require    string `help:"complete or settled: show nothing, and end with 4, where the window is not so." default:"nothing"`
	Table      bool   `help:"Print a table instead of candles."`
	CSV        bool   `name:"csv" help:"Print the bars as CSV: all of the window, or of the series."`
	JSON       bool   `name:"json" help:"Print the bars as JSON, with how complete they are."`
}

// Help is the text below the flags.
func (c *showCommand) Help() string {
	return "Without a window it shows the newest bars that fit. A candle is a bar, or several where they do not fit; closed hours " +
		"take no room, and absent bars are shaded. Below it stands how much of what is expected is there."
}

// tableRows is how many rows a table has where no window is given.
const tableRows = 40

// Run carries the command out.
func (c *showCommand) Run(p *process) error {
	if there, err := c.connect(p); err != nil {
		return err
	} else if there != nil {
		return c.elsewhere(p, there)
	}
	found := false
	err := p.reading(func(s setup, names naming, archive app.ReadOnly) error {
		found = true
		width := screenOf(p.out).Width
		request, err := c.request(width, s.now())
		if err != nil {
			return err
		}
		if c.AsOf != "" {
			named, err := query.ParseInstant(c.AsOf)
			if err != nil {
				return misuse("--as-of: %w; accepted is %s", err, query.AcceptedInstants)
			}
			if request.AsOf, err = named.Settle(p.ctx, archive, s.now()); err != nil {
				return err
			}
		}
		reader, err := app.NewReader(archive, s.options())
		if err != nil {
			return err
		}
		if kind := c.kind(); kind != "" {
			return c.print(p, names, reader, request, kind)
		}
		answer, err := reader.Read(p.ctx, request)
		if err != nil {
			return err
		}
		if c.Table {
			return printBars(p.out, answer, request)
		}
		settled, err := app.CalendarsOf(p.ctx, archive, s.options())
		if err != nil {
			return err
		}
		instrument, err := yahoo.Resolve(request.Series.Instrument)
		if err != nil {
			return err
		}
		return printCandles(p.out, answer, request, settled.Settle(instrument).Calendar, width)
	})
	if err == nil && !found { // which was said
		return exit(exitFailed)
	}
	return err
}

// mostShown bounds the bars that are read for a picture or a table.
const mostShown = 400_000

// request reads the flags.
func (c *showCommand) request(width int, now time.Time) (r query.Request, err error) {
	instrument, err := yahoo.Resolve(c.Instrument)
	if err != nil {
		return r, err
	}
	r.Series.Instrument, r.Complete, r.Newest = instrument.Name, true, true
	if r.Series.Timeframe, err = market.ParseTimeframe(c.Timeframe); err != nil {
		return r, err
	}
	if r.Adjust, err = query.ParseAdjust(c.Adjust); err != nil {
		return r, misuse("--%w", err)
	}
	if r.Session, err = oneOf[query.Session]("--session", c.Session, query.Sessions()); err != nil {
		return r, err
	}
	if require, err := oneOf[query.Require]("--require", c.Require, query.Requires()); err != nil {
		return r, err
	} else if require != "nothing" {
		r.Require = require
	}
	if r.Window, err = window(c.From, c.To); err != nil {
		return r, err
	}
	if c.CSV && c.JSON || c.Table && c.kind() != "" {
		return r, misuse("--table, --csv and --json exclude one another")
	}
	switch {
	case c.Last != "" && c.From != "":
		return r, misuse("--last and --from exclude each other")
	case c.Last != "":
		return r, c.last(&r, now)
	case c.From != "":
		r.Limit, r.Newest = mostShown, false
	case c.kind() != "":
		r.Limit, r.Newest = mostShown, false
	case c.Table:
		r.Limit = tableRows
	default:
		r.Limit = draw.Columns(width)
	}
	return r, nil
}

// last reads --last.
func (c *showCommand) last(r *query.Request, now time.Time) error {
	var n int
	var unit string
	if _, err := fmt.Sscanf(c.Last+" ", "%d%s", &n, &unit); err != nil && unit != "" || n < 1 || n > mostShown {
		n = 0
	}
	units := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "wk": 7 * 24 * time.Hour, "": 0}
	length, known := units[unit]
	if n == 0 || !known || fmt.Sprint(n)+unit != c.Last {
		return misuse("--last %q: accepted are a number of bars such as 100, and a time such as 90m, 36h, 2d or 3wk", c.Last)
	}
	if r.Limit = n; length > 0 {
		end := now
		if !r.Window.To.IsZero() {
			end = r.Window.To
		}
		r.Limit, r.Newest, r.Window.From = mostShown, false, end.Add(-time.Duration(n)*length).Truncate(time.Second)
	}
	return nil
}

// oneOf reads a word of a list.
func oneOf[T ~string](flag, text string, accepted []string) (T, error) {
	for _, a := range accepted {
		if a == text {
			return T(text), nil
		}
	}
	return "", misuse("%s %q: accepted are %s", flag, text, strings.Join(accepted, ", "))
}

func printCandles(w io.Writer, a query.Answer, r query.Request, c *calendar.Calendar, width int) error {
	printHead(w, a, r)
	fmt.Fprint(w, draw.Chart{
		Bars: a.Bars, Gaps: a.Complete.Gaps, Timeframe: r.Series.Timeframe, Calendar: c, Width: width,
		Height: min(20, max(10, width/6)), Colour: screenOf(w).Colour,
	})
	return printComplete(w, a)
}

func printBars(w io.Writer, a query.Answer, r query.Request) error {
	printHead(w, a, r)
	start, layout := "start (UTC)", "2006-01-02 15:04"
	if !r.Series.Timeframe.Intraday() {
		start, layout = "date", time.DateOnly
	}
	t := term.NewTable(term.Text(start), term.Number("open"), term.Number("high"),
		term.Number("low"), term.Number("close"), term.Number("volume"))
	for i := range a.Bars.Len() {
		b := a.Bars.At(i)
		volume := "-"
		if b.Volume != market.NoVolume {
			volume = term.Count(b.Volume)
		}
		t.Row(b.Start.UTC().Format(layout), priceText(b.Open), priceText(b.High), priceText(b.Low), priceText(b.Close), volume)
	}
	screenOf(w).Table(t)
	return printComplete(w, a)
}

// priceText is a price for people: without the noise of a provider that keeps prices in 32 bits, and mostly no wider than a
// column.
func priceText(p float64) string {
	const wide = 9
	text := strconv.FormatFloat(p, 'f', -1, 32)
	if point := strings.IndexByte(text, '.'); point >= 0 && len(text) > wide {
		text = strconv.FormatFloat(p, 'f', max(2, wide-1-point), 64)
	}
	return text
}

// printHead says what is shown.
func printHead(w io.Writer, a query.Answer, r query.Request) {
	n := a.Bars.Len()
	if n == 0 {
		fmt.Fprintf(w, "%s: no bars in that window\n", r.Series)
		return
	}
	first, last := a.Bars.At(0), a.Bars.At(n-1)
	fmt.Fprintf(w, "%s  %s  %s to %s\n", r.Series, several(int64(n), "bar"), stamp(first.Start), stamp(last.Start))
	line := fmt.Sprintf("last %s", priceText(last.Close))
	if n > 1 && a.Bars.Close[n-2] != 0 {
		before := a.Bars.Close[n-2]
		line += fmt.Sprintf("  %+.2f%% on the bar before", 100*(last.Close-before)/before)
	}
	if a.FoldedFrom != "" {
		line += fmt.Sprintf("  (folded from %s bars)", a.FoldedFrom)
	}
	fmt.Fprintln(w, line)
	if r.Adjust != query.AdjustSplit {
		fmt.Fprintf(w, "prices with adjust=%s\n", r.Adjust)
	}
	if !r.AsOf.IsZero() {
		fmt.Fprintf(w, "as known at %s\n", r.AsOf.UTC().Format(time.RFC3339))
	}
}

// printComplete says how much of what is expected is there.
func printComplete(w io.Writer, a query.Answer) error {
	w, c := term.Fit(w), a.Complete
	for _, note := range a.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	switch {
	case c.Known && c.Expected > 0 && c.Present == c.Expected:
		fmt.Fprintf(w, "complete: all %s that are expected are there", several(c.Expected, "bar"))
	case c.Known && c.Expected > 0:
		fmt.Fprintf(w, "%d of %s that are expected are there", c.Present, several(c.Expected, "bar"))
		for i, r := range c.Absent {
			fmt.Fprint(w, []string{"; absent: ", ", "}[min(1, i)], r.Bars, " ", r.Reason)
		}
	case c.Note != "":
		fmt.Fprintf(w, "complete or not: %s", c.Note)
	default:
		fmt.Fprint(w, "no bar is expected in that window")
	}
	fmt.Fprintln(w)
	if n := c.Unjudged + c.Before; n > 0 {
		fmt.Fprintf(w, "%s from %s on: not over, or not asked for yet\n", several(n, "expected bar"), stamp(c.UnjudgedFrom))
	}
	if !c.Provisional.IsZero() && a.Bars.Len() > 0 {
		fmt.Fprintf(w, "bars from %s on may still change, until %s\n", stamp(c.Provisional), stamp(c.Until))
	}
	if a.More {
		fmt.Fprintln(w, "there are older bars: --last, --from and --to show others")
	}
	return nil
}
