package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/draw"
	"barkeep/gate"
	"barkeep/market"
	"barkeep/term"
)

// demoCommand runs everything offline.
type demoCommand struct {
	Bars  string `help:"Serve the recorded bars of this folder, at their own time; what it lacks is generated." type:"existingdir" placeholder:"DIR"`
	Keep  string `help:"Keep the archive in this folder instead of a temporary one." placeholder:"DIR"`
	Serve bool   `help:"Then serve HTTP on the demo's archive at HTTP_ADDR, and run its imports, until Ctrl-C."`
	JSON  bool   `name:"json" help:"Print the result of the first run as JSON."`
}

// Help is the text below the flags.
func (c *demoCommand) Help() string {
	return "The fake provider answers on loopback, and nothing leaves this machine. The log is not shown: LOG_LEVEL=info shows it."
}

// Run carries the command out.
func (c *demoCommand) Run(p *process) error {
	if c.Serve && c.JSON {
		return misuse("--serve is for people: leave out --json")
	}
	p.log = logNothing
	progress := newProgress(p, c.JSON)
	s, err := p.load(progress)
	if err != nil {
		return err
	}
	options := demoOptions{Options: s.options(), bars: c.Bars, folder: c.Keep, http: s.config.HTTPAddr, bar: progress}
	options.Watch = progress.watch
	if c.Bars != "" && s.config.StartAt.IsZero() {
		newest, instruments, err := recorded(c.Bars)
		if err != nil {
			return err
		}
		options.Now, options.instruments = app.Clock(newest), instruments
	}
	if c.Serve {
		if err := free(p.ctx, s.config.HTTPAddr); err != nil {
			return err
		}
		options.serve = func(ctx context.Context, a *app.App) error { return serveDemo(ctx, p, a, options.Options) }
	}
	began := time.Now()
	options.show = func(d demo) error {
		if c.JSON {
			names, wrong := s.naming()
			return errors.Join(wrong, printJSON(p.out, reportJSON(d.first, names)))
		}
		printDemo(screenOf(p.out), d, time.Since(began))
		if !c.Serve {
			printNext(screenOf(p.out), d, s.config.HTTPAddr)
		}
		return nil
	}
	d, err := runDemo(p.ctx, options)
	if code := exitCodeOf(d.first.Run.State); err == nil && code != exitDone {
		return exit(code)
	}
	return err
}

// free tells early that an address is taken.
func free(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return misuse("--serve cannot listen on %s: %w; another address is given by HTTP_ADDR=127.0.0.1:8090", address,
			errors.Unwrap(err))
	}
	return l.Close()
}

// serveDemo serves the demo's archive until the process is told to end.
func serveDemo(ctx context.Context, p *process, a *app.App, o app.Options) error {
	s := screenOf(p.out)
	o.Serving = func(url string) {
		fmt.Fprintln(s)
		s.Verdict(term.Good, "serving", url+"/ until Ctrl-C; what the API gives stands at "+url+"/docs")
	}
	err := a.Serve(ctx, version, o)
	if err == nil {
		fmt.Fprintln(s)
		s.Lines(0, "stopped; what the demo made is gone, but for what --keep keeps")
	}
	return err
}

// printDemo shows the bars of each series, both runs, and one series as it stands in the archive.
func printDemo(s *term.Screen, d demo, took time.Duration) {
	sum := d.first
	what := fmt.Sprintf("%s of %d instruments in %s, from a fake provider on this machine", term.Several(sum.Inserted(), "bar"),
		instrumentsOf(sum.Cells), term.Took(sum.Run.Finished.Sub(sum.Run.Started)))
	if d.outcome == gate.AlreadyRan {
		what = "the archive of this folder has its import already; " + what
	}
	s.Verdict(toneOf(sum.Run.State), string(sum.Run.State), what)
	printProblems(s, sum.Cells)
	again := fmt.Sprintf("the same again: %s; late bars may be revised", sumText(d.second, time.Time{}))
	s.Lines(term.LabelWidth, again)
	fmt.Fprintln(s)
	printMatrix(s, sum)
	if n := d.bars.Len(); n > 0 {
		n = min(n, draw.Columns(s.Width))
		fmt.Fprintf(s, "\n%s, the newest %s, read back from the archive:\n%s", d.series, term.Several(n, "bar"),
			draw.Chart{
				Bars: newest(d.bars, n), Timeframe: d.series.Timeframe, Calendar: d.calendar, Width: s.Width,
				Height: min(20, max(12, s.Width/7)), Colour: s.Colour,
			})
	}
	fmt.Fprintln(s)
	s.Lines(0, "All of it took "+term.Took(took)+".")
}

// newest are the last n bars.
func newest(bars *market.Candles, n int) *market.Candles {
	return bars.Slice(max(0, bars.Len()-n), bars.Len())
}

// printNext says what to try next, in commands that work on what the demo left.
func printNext(s *term.Screen, d demo, address string) {
	name := invoked(os.Args[0])
	lines := [][2]string{
		{name + " demo --serve", "the same, and then HTTP at http://" + reachableAt(address) + "/"},
		{name + " demo --keep DIR", "the same, and the archive stays in DIR"},
		{name + " sync --instrument ES --dry-run", "what would be asked of the real provider"},
	}
	if d.path != "" {
		s.Lines(0, "The archive is kept. These read it:")
		fmt.Fprintf(s, "\n  export DATABASE_URL=%s\n", quoted(d.path))
		instrument := d.series.Instrument
		lines = [][2]string{
			{name + " status", "how it stands"},
			{name + " show " + instrument + " 1h", "candles of an hour"},
			{name + " coverage --instrument " + instrument, "what of it is there"},
		}
	} else {
		s.Lines(0, "Its archive is gone again. What to try next:")
		fmt.Fprintln(s)
	}
	for _, line := range lines {
		text := "  " + line[0]
		if remark := fmt.Sprintf("%-42s # %s", text, line[1]); term.Widest(remark) <= s.Width {
			text = s.Paint(term.Plain, fmt.Sprintf("%-42s ", text)) + s.Paint(term.Aside, "# "+line[1])
		}
		fmt.Fprintln(s, text)
	}
}

// quoted is a text as a shell takes it for one word.
func quoted(text string) string {
	if strings.ContainsAny(text, " \t'\"$&|;<>()*?[]#~`\\!") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// invoked is how this program is called again, from how it was called: by its name where it lies on PATH, by go run where that
// has compiled it for once.
func invoked(by string) string {
	name := filepath.Base(by)
	switch found, err := exec.LookPath(name); {
	case strings.Contains(by, string(filepath.Separator)+"go-build"):
		return "go run ./cmd/barkeep"
	case by == name, err == nil && found == by:
		return name
	}
	if _, err := os.Stat(by); err != nil {
		return name
	}
	return by
}
