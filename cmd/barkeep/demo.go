package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"barkeep/app"
	"barkeep/draw"
)

// demoCommand runs everything offline.
type demoCommand struct {
	Bars string `help:"Serve the recorded bars of this folder, at their own time; what it lacks is generated." type:"existingdir" placeholder:"DIR"`
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
	options := demoOptions{Options: s.options(), bars: c.Bars, folder: c.Keep}
	options.Watch = progress.watch
	if c.Bars != "" && s.config.StartAt.IsZero() {
		newest, instruments, err := recorded(c.Bars)
		if err != nil {
			return err
		}
		options.Now, options.instruments = app.Clock(newest), instruments
	}
	if !c.JSON {
		fmt.Fprintln(p.err, "Fake provider on loopback, embedded archive; nothing leaves this machine.")
	}
	began := time.Now()
	d, err := runDemo(p.ctx, options)
	if err != nil {
		return err
	}
	if c.JSON {
		names, wrong := s.naming()
		err = errors.Join(wrong, printJSON(p.out, reportJSON(d.first, names)))
	} else {
		err = printDemo(p.out, d, time.Since(began))
	}
	if code := exitCodeOf(d.first.Run.State); err == nil && code != exitDone {
		return exit(code)
	}
	return err
}

// printDemo shows the bars of each series, both runs, and one series as it stands in the archive.
func printDemo(w io.Writer, d demo, took time.Duration) error {
	printMatrix(w, d.first)
	err := printSum(w, d.first, time.Time{})
	fmt.Fprint(w, "the same again (late bars may be revised): ")
	err = errors.Join(err, printSum(w, d.second, time.Time{}))
	fmt.Fprintf(w, "\n%s, %d bars read back from the archive:\n%s", d.series, d.bars.Len(),
		draw.Chart{
			Bars: d.bars, Timeframe: d.series.Timeframe, Calendar: d.calendar, Width: widthOf(w), Height: 14, Colour: coloured(w),
		})
	fmt.Fprintf(w, "took %s", took.Round(10*time.Millisecond))
	if d.path != "" {
		fmt.Fprintf(w, "; the archive is kept: DATABASE_URL=%s barkeep status", d.path)
	}
	_, last := fmt.Fprintln(w)
	return errors.Join(err, last)
}
