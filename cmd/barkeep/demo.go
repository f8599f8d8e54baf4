package main

import (
	"errors"
	"fmt"
	"time"

	"barkeep/app"
)

// demoCommand runs everything offline.
type demoCommand struct {
	Bars string `help:"Serve the recorded bars of this folder, at their own time, instead of generated ones." type:"existingdir" placeholder:"DIR"`
	Keep string `help:"Keep the archive in this folder instead of a temporary one." placeholder:"DIR"`
	JSON bool   `name:"json" help:"Print the result of the first run as JSON."`
}

// Run carries the command out.
func (c *demoCommand) Run(p *process) error {
	progress := newProgress(p.err, c.JSON)
	s, err := p.load(progress)
	if err != nil {
		return err
	}
	options := app.DemoOptions{Options: s.options(), Bars: c.Bars, Dir: c.Keep}
	options.Watch = progress.watch
	if c.Bars != "" && s.config.StartAt.IsZero() {
		newest, instruments, err := app.Recorded(c.Bars)
		if err != nil {
			return err
		}
		options.Now, options.Instruments = app.Clock(newest), instruments
	}
	if !c.JSON {
		fmt.Fprintln(p.err, "Fake provider on loopback, embedded archive; nothing leaves this machine.")
	}
	began := time.Now()
	demo, err := app.RunDemo(p.ctx, options)
	progress.stop()
	if err != nil {
		return err
	}
	if err := printReport(p.out, demo.First, c.JSON); err != nil || c.JSON {
		return err
	}
	fmt.Fprint(p.out, "the same again: ")
	err = printSum(p.out, demo.Second)
	fmt.Fprintf(p.out, "\n%s, %d bars read back from the archive:\n%s", demo.Series, demo.Bars.Len(), chart(demo.Bars, 72, 14, app.Terminal(p.out)))
	fmt.Fprintf(p.out, "took %s", time.Since(began).Round(10*time.Millisecond))
	if demo.Path != "" {
		fmt.Fprintf(p.out, "; the archive is kept: DATABASE_URL=%s barkeep status", demo.Path)
	}
	_, last := fmt.Fprintln(p.out)
	if err = errors.Join(err, last); err != nil {
		return err
	}
	if code := app.ExitCodeOf(demo.First.Run.State); code != app.ExitDone {
		return exit(code)
	}
	return nil
}
