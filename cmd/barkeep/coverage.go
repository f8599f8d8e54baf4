package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// coverageCommand shows how much of what is expected is there, and why the rest is not.
type coverageCommand struct {
	remote
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	Timeframe  string  `help:"Only these timeframes, with commas between." placeholder:"5m,1d"`
	Reason     string  `help:"With --gaps: only gaps of these reasons, with commas between." placeholder:"late,failed"`
	From       string  `help:"Only sessions and gaps from this date or instant (UTC) on." placeholder:"DATE"`
	To         string  `help:"Only those before this date or instant; now by default." placeholder:"DATE"`
	Gaps       bool    `help:"List the gaps: why, since when, when they are asked for again and when they are lost; the soonest lost first."`
	Limit      int     `help:"With --gaps: how many to show." default:"100"`
	Proof      bool    `help:"Show how far the timeframes of an instrument agree with one another, by month."`
	Findings   bool    `help:"Show where the bars of an exchange and its calendar disagree, by what was found last."`
	Check      bool    `help:"With --findings: look again at all stored bars first, as maintenance does."`
	Rebuild    bool    `help:"Judge the ledger of coverage anew, from the bars and the calendar, and show what was wrong in it."`
	JSON       bool    `name:"json" help:"Print as JSON: all series, sessions or gaps."`
}

// Help is the text below the flags.
func (c *coverageCommand) Help() string {
	return "A row is a series, a cell is a session: a dot where all expected bars are there, a letter for the worst reason where " +
		"some are not. Without dates it shows the newest sessions that fit; --from and --to show others. " +
		"--rebuild asks the provider for nothing, may run beside a worker, and leaves a ledger that is right as it is; series " +
		"that share a base, as 1h and 4h do, are judged together. Bars of which the ledger does not know why they are absent are " +
		"fetched by the next import."
}

// Run carries the command out.
func (c *coverageCommand) Run(p *process) error {
	there, err := c.connect(p)
	switch {
	case err != nil:
		return err
	case there != nil:
		return c.elsewhere(p, there)
	case c.Rebuild:
		return c.rebuild(p)
	case c.Proof:
		return c.proof(p)
	case c.Findings:
		return showFindings(p, c.Check, c.JSON)
	}
	request, err := c.request()
	if err != nil {
		return err
	}
	return p.reading(func(s setup, names naming, archive app.ReadOnly) error {
		settled, err := app.CalendarsOf(p.ctx, archive, s.options())
		if err != nil {
			return err
		}
		request.Instrument = func(name string) (market.Instrument, error) {
			i, err := yahoo.Resolve(name)
			return settled.Settle(i), err
		}
		all, err := query.ReadCoverage(p.ctx, archive, request)
		if err != nil {
			return err
		}
		return c.print(p.out, all, func() []view.Coverage { return names.Coverages(all, yahoo.Capabilities()) })
	})
}

// print shows coverage; views are the same for --json.
func (c *coverageCommand) print(w io.Writer, all []query.SeriesCoverage, views func() []view.Coverage) error {
	slices.SortStableFunc(all, func(a, b query.SeriesCoverage) int { return a.Series.Compare(b.Series) })
	switch {
	case c.JSON:
		return printJSON(w, map[string]any{"coverage": views()})
	case len(all) == 0:
		screenOf(w).Verdict(term.Bad, missing, "no series was judged yet: the next import does it (barkeep sync)")
		return nil
	case c.Gaps:
		return printGaps(w, all, c.Limit)
	default:
		return printMap(screenOf(w), all)
	}
}

// request reads the flags.
func (c *coverageCommand) request() (r query.CoverageRequest, err error) {
	if c.Limit < 1 {
		return r, misuse("--limit is %d: give a number of gaps, at least 1", c.Limit)
	}
	var problems []error
	instruments, _, err := yahoo.Select(list(c.Instrument), nil, "--instrument", "")
	problems = append(problems, err)
	for _, i := range instruments {
		r.Instruments = append(r.Instruments, i.Name)
	}
	for _, text := range commaList(c.Timeframe) {
		t, err := market.ParseTimeframe(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("--timeframe: %w", err))
		}
		r.Timeframes = append(r.Timeframes, t)
	}
	for _, text := range commaList(c.Reason) {
		reason := market.GapReason(text)
		if !reason.Known() {
			problems = append(problems, fmt.Errorf("--reason %q: accepted are %s", text, knownReasons()))
		}
		r.Reasons = append(r.Reasons, reason)
	}
	if c.Reason != "" && !c.Gaps {
		problems = append(problems, errors.New("--reason goes with --gaps"))
	}
	if err := errors.Join(problems...); err != nil {
		return r, misuse("%w", err)
	}
	r.Gaps, r.Cells = c.Gaps, !c.Gaps
	r.Window, err = window(c.From, c.To)
	return r, err
}

func commaList(text string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(text, func(r rune) bool { return r == ',' }), func(s string) bool {
		return strings.TrimSpace(s) == ""
	})
}

func knownReasons() string {
	var all []string
	for _, r := range market.GapReasons() {
		all = append(all, string(r))
	}
	return strings.Join(all, ", ")
}

// printGaps lists gaps: what is lost soonest first, then what is asked for again soonest.
func printGaps(w io.Writer, all []query.SeriesCoverage, limit int) error {
	type line struct {
		gap  market.Gap
		lost time.Time
	}
	var lines []line
	for _, c := range all {
		for _, g := range c.Gaps {
			lines = append(lines, line{g, query.LostOn(g, yahoo.Capabilities())})
		}
	}
	far := func(t time.Time) time.Time {
		if t.IsZero() {
			return market.FarFuture()
		}
		return t
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(far(a.lost).Compare(far(b.lost)), far(a.gap.Next).Compare(far(b.gap.Next)), a.gap.First.Compare(b.gap.First))
	})
	s, w := screenOf(w), term.Fit(w)
	coverageVerdict(s, all)
	for _, l := range lines[:min(limit, len(lines))] {
		g := l.gap
		span := stamp(g.First)
		if g.Last.After(g.First) {
			span += " to " + stamp(g.Last)
		}
		fmt.Fprintf(w, "%s: %s, %s\n", g.Series, several(g.Bars, "bar"), g.Reason)
		fmt.Fprintf(w, "  %s\n", span)
		told := "seen " + stamp(g.Seen)
		if !g.Asked.IsZero() {
			told += fmt.Sprintf(", asked %s (%s)", stamp(g.Asked), several(g.Times, "time"))
		}
		fmt.Fprintln(w, "  "+told)
		switch {
		case !l.lost.IsZero():
			fmt.Fprintf(w, "  asked again %s, lost on %s\n", never(g.Next), stamp(l.lost))
		case !g.Next.IsZero():
			fmt.Fprintf(w, "  asked again %s\n", stamp(g.Next))
		}
	}
	if more := len(lines) - limit; more > 0 {
		fmt.Fprintf(w, "and %d more: --limit shows more of them, --json all\n", more)
	}
	_, err := fmt.Fprintf(w, "%s\n", several(int64(len(lines)), "gap"))
	return err
}

// never is an instant, or the word.
func never(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return stamp(t)
}
