package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"barkeep/app"
	"barkeep/term"
	"barkeep/verify"
	"barkeep/yahoo"
)

// verifyCommand digests an archive and compares it with another one.
type verifyCommand struct {
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	Timeframe  *string `help:"Only these timeframes, with commas between." placeholder:"1m,1d"`
	Against    string  `help:"Compare with this archive, or with a file that verify --json wrote." placeholder:"URL|@FILE|FILE"`
	Revisions  bool    `help:"Compare the earlier values of changed bars too."`
	JSON       bool    `name:"json" help:"Print every month as JSON; kept in a file it can be compared with later."`
}

// Help is the text below the flags.
func (c *verifyCommand) Help() string {
	return "It reads one state of every series, while a worker may go on, and prints a digest of what is there: equal digests " +
		"mean equal bars, in SQLite and PostgreSQL alike. It also finds bars that cannot be and counters that are wrong, and folds " +
		"every base again: of each derived series that is not what its base gives it names the first bar. barkeep rebuild mends it. " +
		"It counts the bars of every series again: what ought to be there and is not (why, and when it is asked for again), what " +
		"is stored of dates on which the exchange was closed, and whether the ledger of coverage is right. " +
		"--against takes postgres://user@host/name, sqlite:PATH, @FILE or FILE: with @ the file holds such a URL, so that a " +
		"password is in no list of processes; without, it is a SQLite archive, or what verify --json wrote. Nothing is written " +
		"or migrated, here or there. It exits with 0 when all is well and equal, 4 when months or derived bars differ, bars are " +
		"missing, or faults were found."
}

// Run carries the command out.
func (c *verifyCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	instruments, timeframes, err := yahoo.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return err
	}
	var selection verify.Selection
	for _, i := range instruments {
		selection.Instruments = append(selection.Instruments, i.Name)
	}
	for _, t := range timeframes {
		selection.Timeframes = append(selection.Timeframes, string(t))
	}
	line := newStatusLine(p, c.JSON)
	v, err := app.Verify(p.ctx, s.config, s.options(), verify.Options{
		Selection: selection, Against: c.Against, Revisions: c.Revisions, Progress: line.show,
	})
	line.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(p.out, v)
	} else {
		err = printVerification(p.out, v)
	}
	return cmp.Or(err, v.Err())
}

// printVerification says first whether all is well, then what is wrong and what differs, then what there is.
func printVerification(out io.Writer, v verify.Report) error {
	s, w := screenOf(out), term.Fit(out)
	t := term.NewTable(term.Text("series"), term.Number("months"), term.Number("bars"),
		term.Number("revisions"), term.Text("digest"))
	var bars, revisions int64
	for _, one := range v.Series {
		t.Row(one.Instrument+" "+one.Timeframe, len(one.Months), one.Bars, one.Revisions, one.Digest.Short())
		bars, revisions = bars+one.Bars, revisions+one.Revisions
	}
	tone, word := term.Good, fine
	if v.Err() != nil {
		tone, word = term.Bad, "wrong"
	}
	s.Verdict(tone, word, fmt.Sprintf("%s: %s, %s, %s, digest %s", v.Archive, several(len(v.Series), "series"), several(bars, "bar"),
		several(revisions, "revision"), cmp.Or(v.Digest.Short(), "none")))
	for _, fault := range v.Faults {
		fmt.Fprintln(w, "fault:", fault)
	}
	if slices.ContainsFunc(v.Derived, func(d verify.Derived) bool { return d.Wrong() > 0 }) { // what is wrong comes first
		printDerived(w, v.Derived)
		printCoverage(w, v.Coverage)
	} else {
		printCoverage(w, v.Coverage)
		printDerived(w, v.Derived)
	}
	if v.Against != nil {
		if err := printComparison(out, w, v.Against); err != nil {
			return err
		}
	}
	fmt.Fprintln(s)
	s.Table(t)
	return nil
}

func printComparison(out, w io.Writer, c *verify.Comparison) error {
	for _, fault := range c.Faults {
		fmt.Fprintln(w, "fault there:", fault)
	}
	compared := "bars"
	if c.Revisions {
		compared = "bars and revisions"
	}
	if c.Equal {
		_, err := fmt.Fprintf(w, "the same %s as %s\n", compared, c.Archive)
		return err
	}
	fmt.Fprintf(w, "compared %s with %s\n", compared, c.Archive)
	const most = 100
	t := term.NewTable(term.Text("series"), term.Text("month"), term.Number("here"),
		term.Number("there"), term.Text("differs"), term.Text("first bar that differs").Sparing(1))
	for _, d := range c.Differences[:min(len(c.Differences), most)] {
		unit := ""
		if d.What == verify.ComparedRevisions {
			unit = " rev."
		}
		t.Row(d.Instrument+" "+d.Timeframe, d.Month, fmt.Sprint(d.Here, unit), fmt.Sprint(d.There, unit), differs(d), firstBar(d))
	}
	screenOf(out).Table(t)
	if more := len(c.Differences) - most; more > 0 {
		fmt.Fprintf(w, "and %d more, which --json lists\n", more)
	}
	if first := c.Differences[0].First; first != nil && first.Here != "" && first.There != "" {
		fmt.Fprintf(w, "the first of them:\n  here  %s\n  there %s\n", first.Here, first.There)
	}
	return nil
}

// differs says in a word or two how a month differs.
func differs(d verify.Difference) string {
	switch lacks := d.Lacks(); {
	case lacks != "":
		return "not " + lacks
	case d.Noise:
		return "noise"
	case d.Here != d.There && d.First == nil:
		return "count"
	default:
		return "values"
	}
}

func firstBar(d verify.Difference) string {
	if d.First == nil {
		return "-"
	}
	return d.First.At.Format(time.RFC3339Nano)
}

// statusLine shows on a terminal how far the reading of archives is; elsewhere it shows nothing.
type statusLine struct {
	out   *term.Screen
	quiet bool
	shown bool
}

func newStatusLine(p *process, quiet bool) *statusLine {
	out := term.Of(p.err, p.environ)
	return &statusLine{out: out, quiet: quiet || !out.Live}
}

// show writes over the line before.
func (l *statusLine) show(at verify.Progress) {
	if l.quiet {
		return
	}
	l.shown = true
	text := fmt.Sprintf("%s read, at %s of %s", several(at.Bars, "bar"), at.Series, at.Archive)
	fmt.Fprint(l.out, "\r\x1b[K"+brief(text, l.out.Width-5))
}

// clear takes the line away.
func (l *statusLine) clear() {
	if l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}
