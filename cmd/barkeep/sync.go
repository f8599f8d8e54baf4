package main

import (
	"context"
	"errors"
	"fmt"

	"barkeep/app"
	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	syncer "barkeep/sync"
	"barkeep/term"
	"barkeep/yahoo"
)

// syncCommand brings the archive up to date.
type syncCommand struct {
	remote
	Instrument  *string `help:"Only these instruments, with commas between: ES,NQ or ESZ26 or AAPL." placeholder:"ES,NQ"`
	Timeframe   *string `help:"Only these timeframes, with commas between." placeholder:"1m,1d"`
	Backfill    bool    `help:"Fetch the whole backfill window also of series that have records."`
	Deep        bool    `help:"Backfill as far back as the provider serves; implies --backfill."`
	Maintenance bool    `help:"Ask again for all gaps that may be healed, and for provisional bars."`
	Slot        *string `help:"Run this slot of today, by its time (14:05) or its number from 0, instead of the newest that is due." placeholder:"14:05"`
	Force       bool    `help:"Run the slot again though it is done; recorded as forced."`
	NoWait      bool    `help:"When another process runs the slot, exit with 5 instead of waiting for it."`
	DryRun      bool    `help:"Print the plan, its requests and how long they take; fetch and store nothing."`
	Verbose     bool    `help:"End with a row for every series, not one for every instrument."`
	JSON        bool    `name:"json" help:"Print the result as JSON."`
}

// Help is the text below the flags.
func (c *syncCommand) Help() string {
	return "Without a selection it runs the import's newest due slot, once, whoever else asks: it waits for another process that " +
		"is at it, and does nothing when the slot is done. With --instrument, --timeframe, --backfill or --deep it fetches just " +
		"that, beside the slots. With --server a worker does so, and this command follows the run to its end."
}

// selects tells whether the flags ask for something beside the slots.
func (c *syncCommand) selects() bool {
	return c.Instrument != nil || c.Timeframe != nil || c.Backfill || c.Deep
}

// Run carries the command out.
func (c *syncCommand) Run(p *process) error {
	if there, err := c.connect(p); err != nil {
		return err
	} else if there != nil {
		return c.elsewhere(p, there)
	}
	progress := newProgress(p, c.JSON || c.DryRun)
	s, err := p.load(progress)
	if err != nil {
		return err
	}
	request, err := c.request()
	if err != nil {
		return err
	}
	options := s.options()
	options.Watch = progress.watch
	a, err := app.New(p.ctx, s.config, options)
	if err != nil {
		return err
	}
	request = a.Request(request)
	var code int
	switch {
	case c.DryRun:
		err = c.dryRun(p, s, a, request)
	case c.selects() || request.Maintenance:
		code, err = c.adHoc(p, s, a, request, progress)
	default:
		code, err = c.slot(p, s, a, request, progress)
	}
	progress.note()
	c.advise(p, a, code)
	if err = errors.Join(err, a.Close()); err == nil && code != exitDone {
		return exit(code)
	}
	return err
}

// advise says, on a last line, what to do where nothing was got from the provider.
func (c *syncCommand) advise(p *process, a *app.App, code int) {
	if fault, remedy := a.ProviderFault(); code == exitFailed && fault != "" {
		fmt.Fprintf(term.Fit(term.Of(p.err, p.environ)), "Nothing came from the provider: %s. What to do: %s; then run barkeep sync "+
			"again (barkeep doctor --provider tries it).\n", fault, remedy)
	}
}

// request reads the flags.
func (c *syncCommand) request() (syncer.Request, error) {
	instruments, timeframes, err := yahoo.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return syncer.Request{}, err
	}
	if c.Maintenance && (c.Backfill || c.Deep) {
		return syncer.Request{}, misuse("--maintenance checks what is stored, --backfill and --deep fetch more: " +
			"give one of them")
	}
	if (c.Slot != nil || c.Force || c.NoWait) && (c.selects() || c.Maintenance) {
		return syncer.Request{}, misuse("--slot, --force and --no-wait are about a slot, which imports everything: " +
			"leave out --instrument, --timeframe, --backfill, --deep and --maintenance")
	}
	return syncer.Request{
		Instruments: instruments, Timeframes: timeframes,
		Backfill: c.Backfill, Deep: c.Deep, Maintenance: c.Maintenance,
	}, nil
}

// dryRun shows the plan of what would be run. What the run would refuse is refused.
func (c *syncCommand) dryRun(p *process, s setup, a *app.App, request syncer.Request) error {
	if c.Slot != nil {
		if _, err := c.chosen(s, a); err != nil {
			return err
		}
	}
	plan, err := a.Engine.Plan(p.ctx, request)
	if err != nil {
		return err
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	shown := dryRun{plan: plan, instruments: plan.Instruments(), perMinute: s.config.YahooRequestsPerMinute, pacific: names.Pacific}
	if c.JSON {
		return printJSON(p.out, shown.view())
	}
	return shown.print(p.out)
}

// adHoc fetches a selection, beside the slots.
func (c *syncCommand) adHoc(p *process, s setup, a *app.App, request syncer.Request, progress *progress) (int, error) {
	progress.start(a.Engine.Tasks(request))
	report, err := a.RunAdHoc(p.ctx, "sync", request, nil)
	progress.stop()
	if len(report.Cells) > 0 {
		err = errors.Join(err, printRun(p, s, report, c.Verbose, c.JSON))
	}
	return exitCodeOf(report.Run.State), err
}

// slot sees to it that a slot is run.
func (c *syncCommand) slot(p *process, s setup, a *app.App, request syncer.Request, progress *progress) (int, error) {
	names, err := s.naming()
	if err != nil {
		return 0, err
	}
	slot, err := c.chosen(s, a)
	if err != nil {
		return 0, err
	}
	progress.start(a.Engine.Tasks(request))
	answer, err := c.runSlot(p, a, slot, names, progress)
	progress.stop()
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", slot, err)
	}
	if err := printAnswer(p.out, slotAnswer{answer, slot, c.Verbose}, names, c.JSON); err != nil {
		return 0, err
	}
	if answer.Outcome == gate.Held {
		return exitHeld, nil
	}
	return exitCodeOf(answer.Run.State), context.Cause(p.ctx)
}

// runSlot runs the slot, or says for whom it waits before it does.
func (c *syncCommand) runSlot(p *process, a *app.App, slot ledger.Slot, names naming, progress *progress) (gate.Result, error) {
	request := gate.SlotRequest{Entry: "sync", Force: c.Force, NoWait: true}
	answer, err := a.Gate.RunSlot(p.ctx, slot, request)
	if c.NoWait || err != nil || answer.Outcome != gate.Held {
		return answer, err
	}
	fmt.Fprintf(progress, "%s: waiting; %s\n", slot, became(answer, names.Pacific))
	request.NoWait = false
	return a.Gate.RunSlot(p.ctx, slot, request)
}

// chosen is the newest due slot of the import, or the one of today that --slot names, which must be due.
func (c *syncCommand) chosen(s setup, a *app.App) (ledger.Slot, error) {
	if c.Slot == nil {
		newest, err := a.Imports().Newest(s.now())
		if err != nil {
			return ledger.Slot{}, config.Unusable(err)
		}
		return newest, nil
	}
	slot, err := a.Imports().Selectable("", *c.Slot, s.now())
	if err != nil {
		return ledger.Slot{}, misuse("--slot %s: %w", *c.Slot, err)
	}
	return slot, nil
}
