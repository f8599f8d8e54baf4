package main

import (
	"errors"
	"fmt"
	"strings"

	"barkeep/app"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// rebuildCommand brings what is stored to the calendars of its instruments.
type rebuildCommand struct {
	Instrument *string `help:"Only these instruments, with commas between; all that are stored by default." placeholder:"ES,NQ"`
	Verbose    bool    `help:"End with a row for every series."`
	JSON       bool    `name:"json" help:"Print the result as JSON."`
}

// Help is the text below the flags.
func (c *rebuildCommand) Help() string {
	return "It asks the provider for nothing. Daily bars get the keys that the exchange's calendar gives them, and all that is " +
		"derived is folded anew from its stored base. What was there under another start is removed and kept as a revision; a " +
		"second time nothing changes. An import does the same by itself for each series whose calendar has changed since, as " +
		"after an upgrade or barkeep calendar add."
}

// Run carries the command out.
func (c *rebuildCommand) Run(p *process) error {
	progress := newProgress(p, c.JSON)
	s, err := p.load(progress)
	if err != nil {
		return err
	}
	instruments, _, err := yahoo.Select(list(c.Instrument), nil, "--instrument", "")
	if err != nil {
		return err
	}
	options := s.options()
	options.Watch = progress.watch
	a, err := app.New(p.ctx, s.config, options)
	if err != nil {
		return err
	}
	request, left, err := a.RebuildRequest(p.ctx, instruments)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if len(left) > 0 {
		fmt.Fprintf(p.err, "barkeep: left as it is, since nothing is stored or the exchange is not known before the next import: %s\n",
			strings.Join(left, ", "))
	}
	if len(request.Instruments) == 0 {
		fmt.Fprintln(p.out, "there is nothing to rebuild")
		return a.Close()
	}
	progress.start(a.Engine.Tasks(request))
	report, err := a.RunAdHoc(p.ctx, "rebuild", request, nil)
	progress.stop()
	if len(report.Cells) > 0 {
		err = errors.Join(err, printRun(p, s, report, c.Verbose, c.JSON))
	}
	if err = errors.Join(err, a.Close()); err == nil && exitCodeOf(report.Run.State) != exitDone {
		return exit(exitCodeOf(report.Run.State))
	}
	return err
}

// printRun shows what a run did.
func printRun(p *process, s setup, report syncer.Report, verbose, asJSON bool) error {
	if !asJSON {
		return printReport(p.out, report, s.now(), verbose)
	}
	names, err := s.naming()
	return errors.Join(err, printJSON(p.out, reportJSON(report, names)))
}
