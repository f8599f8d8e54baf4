package main

import (
	"errors"
	"fmt"

	"barkeep/app"
)

// syncCommand brings the archive up to date.
type syncCommand struct {
	Instrument  *string `help:"Only these instruments, with commas between: ES,NQ or ESZ26 or AAPL." placeholder:"ES,NQ"`
	Timeframe   *string `help:"Only these timeframes, with commas between." placeholder:"1m,1d"`
	Backfill    bool    `help:"Fetch the whole backfill window also of series that have records."`
	Deep        bool    `help:"Backfill as far back as the provider serves; implies --backfill."`
	Maintenance bool    `help:"Fetch the whole window again, to fill holes and re-check provisional bars."`
	DryRun      bool    `help:"Print the plan, its requests and how long they take; fetch and store nothing."`
	JSON        bool    `name:"json" help:"Print the result as JSON."`
}

// Run carries the command out.
func (c *syncCommand) Run(p *process) error {
	progress := newProgress(p.err, c.JSON || c.DryRun)
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
	if c.DryRun {
		plan, err := a.Engine.Plan(p.ctx, request)
		return errors.Join(err, printPlan(p.out, plan, s.config.YahooRequestsPerMinute, c.JSON), a.Close())
	}
	progress.start(app.Tasks(request))
	report, err := a.Engine.RunOnce(p.ctx, request)
	progress.stop()
	if len(report.Cells) > 0 {
		err = errors.Join(err, printReport(p.out, report, c.JSON))
	}
	if err = errors.Join(err, a.Close()); err != nil {
		return err
	}
	if code := app.ExitCodeOf(report.Run.State); code != app.ExitDone {
		return exit(code)
	}
	return nil
}

// request reads the flags.
func (c *syncCommand) request() (app.Request, error) {
	instruments, timeframes, err := app.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return app.Request{}, err
	}
	if c.Maintenance && (c.Backfill || c.Deep) {
		return app.Request{}, fmt.Errorf("%w: --maintenance checks what is stored, --backfill and --deep fetch more: "+
			"give one of them", app.ErrConfiguration)
	}
	return app.Request{
		Entry: "sync", Instruments: instruments, Timeframes: timeframes,
		Backfill: c.Backfill, Deep: c.Deep, Maintenance: c.Maintenance,
	}, nil
}
