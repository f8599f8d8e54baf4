package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"barkeep/app"
	"barkeep/client"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// healCommand fills gaps from another archive.
type healCommand struct {
	From       string  `required:"" help:"Another archive: postgres://user@host/name, sqlite:PATH, a path, @FILE that holds such a URL; or http://host:port of a running Barkeep." placeholder:"URL|FILE"`
	FromToken  string  `help:"The file that holds the API_READ_TOKEN of the other Barkeep; HEAL_FROM_TOKEN by default, else none is shown." placeholder:"@FILE"`
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	Timeframe  *string `help:"Only these timeframes, with commas between." placeholder:"1m,1d"`
	Since      string  `help:"Only gaps that have a bar at this instant or later, each as a whole." placeholder:"DATE"`
	Until      string  `help:"Only gaps that have a bar before this instant, each as a whole." placeholder:"DATE"`
	DryRun     bool    `help:"Show what would be filled, and store nothing."`
	JSON       bool    `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *healCommand) Help() string {
	return "For every gap of this archive, whatever the reason, the bars are taken from the other one where both have the same " +
		"bars beside it: ten on each side, or at an end of the series on the one side that there is. That also brings back what the " +
		"provider does not serve any more. What differs is left and named; nothing that is stored is changed, and the other side is " +
		"only read. Each month of a series is stored at once, with what derives from it. It exits with 0 when every gap was filled " +
		"for which there are bars, 3 when some were left, 2 when the other side refuses the token or nothing is stored of what is " +
		"meant, and 4 when it fails."
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
	request := app.HealRequest{From: c.From, Instruments: instruments, Timeframes: timeframes, DryRun: c.DryRun}
	if request.Window, err = windowOf("--since", c.Since, "--until", c.Until); err != nil {
		return err
	}
	if request.Token, err = c.token(s.config.HealFromToken); err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	report, err := a.Heal(p.ctx, request, s.options())
	err = errors.Join(hinted(err), a.Close())
	v := app.ViewHealing(report, c.DryRun)
	switch {
	case report.From == "" || err != nil && len(v.Series) == 0:
		return err
	case c.JSON:
		err = errors.Join(err, printJSON(p.out, v))
	default:
		printHealing(p.out, v)
	}
	if err == nil {
		err = c.exit(report, v)
	}
	return err
}

// exit is how the command ends that met no error.
func (c *healCommand) exit(report app.HealReport, v view.Healing) error {
	unfit := slices.ContainsFunc(v.Series, func(s view.Healed) bool { return s.Unfit > 0 })
	if v.Left > 0 || unfit || len(v.NotJudged) > 0 {
		return exit(exitPartial)
	}
	if code := exitCodeOf(report.Run.State); report.Run.ID != 0 && code != exitDone {
		return exit(code)
	}
	return nil
}

// token is what the other Barkeep is shown. The flag takes a file alone: what stands on a command line every user of the machine
// can read.
func (c *healCommand) token(configured string) (string, error) {
	path, isFile := strings.CutPrefix(c.FromToken, "@")
	switch {
	case c.FromToken == "":
		return configured, nil
	case !isFile || path == "":
		return "", misuse("--from-token: accepted is @FILE, a file that holds the token; the token itself goes into HEAL_FROM_TOKEN")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", misuse("--from-token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", misuse("--from-token: the file %s is empty", path)
	}
	return token, nil
}

// hinted says how a token is named where the other side asks for one.
func hinted(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		return fmt.Errorf("--from: %w; --from-token @FILE or HEAL_FROM_TOKEN names the token that is shown there", err)
	}
	return err
}

// printHealing shows it as wide as the terminal is, what came of it first.
func printHealing(w io.Writer, v view.Healing) {
	w = term.Fit(w)
	done := "filled"
	if v.DryRun {
		done = "would be filled; nothing was stored"
	}
	fmt.Fprintf(w, "%s %s, %s left\n", several(v.Filled, "bar"), done, several(v.Left, "gap"))
	fmt.Fprintln(w, "healing from", v.From)
	for _, series := range v.NotJudged {
		paragraph(w, series+": nobody has judged yet what is absent: barkeep coverage --rebuild does")
	}
	for _, s := range v.Series {
		fmt.Fprintf(w, "%s %s: %s, %s absent\n", s.Instrument, s.Timeframe, several(int64(s.Gaps), "gap"), several(s.Absent, "bar"))
		fmt.Fprintf(w, "  %11s  filled\n", term.Count(s.Filled))
		if s.Unexpected > 0 {
			fmt.Fprintf(w, "  %11s  of them where the calendar expects none\n", term.Count(s.Unexpected))
		}
		if s.Already > 0 {
			fmt.Fprintf(w, "  %11s  stored already, since another run came before\n", term.Count(s.Already))
		}
		if s.None > 0 {
			fmt.Fprintf(w, "  %11s  not there either\n", term.Count(s.None))
		}
		if s.Unfit > 0 {
			fmt.Fprintf(w, "  %11s  left out: they cannot be true\n", term.Count(s.Unfit))
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
