package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"barkeep/app"
	"barkeep/export"
	"barkeep/format"
	"barkeep/query"
	"barkeep/term"
	"barkeep/verify"
	"barkeep/yahoo"
)

// exportCommand writes bars into files.
type exportCommand struct {
	Path       string  `arg:"" help:"A folder, or one file, whose name then ends with .csv, .parquet or .arrow."`
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	Timeframe  *string `help:"Only these timeframes, with commas between; one that is not kept is folded." placeholder:"1m,1d"`
	From       string  `help:"Only bars that start at this date or instant (UTC), or later." placeholder:"DATE"`
	To         string  `help:"Only bars that start before this date or instant." placeholder:"DATE"`
	Adjust     string  `help:"The scale: split (as stored), none (as traded) or total (dividends reinvested)." placeholder:"SCALE" default:"split"`
	AsOf       string  `name:"as-of" help:"As known at an instant (2026-11-20T14:30:00Z), or at the end of a run (run:12)." placeholder:"WHEN"`
	Format     string  `help:"csv, parquet or arrow; that of the file's name, else parquet." placeholder:"FORMAT"`
	JSON       bool    `name:"json" help:"Print every file as JSON."`
}

// Help is the text below the flags.
func (c *exportCommand) Help() string {
	return "A folder gets instrument=ES/timeframe=1m/year=2026/2026-08.parquet, which DuckDB, Spark and Trino read in place: a " +
		"file a month, of 1d and longer bars one a year. The next call writes only what changed, and takes away what the archive " +
		"does not hold any more of what is selected; _barkeep.json says what is there. --from and --to choose whole files there, " +
		"and cut one file to the bar. Each file is read back and compared before it gets its name, so that a call that was killed " +
		"leaves none in halves, and the next one goes on. A file that no export wrote is never overwritten. One instrument is of " +
		"one state of the archive, also while an import writes."
}

// Run carries the command out.
func (c *exportCommand) Run(p *process) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	found := false
	err = p.reading(func(s setup, _ naming, archive app.ReadOnly) error {
		found = true
		line := newStatusLine(p, c.JSON)
		o.Progress = func(at export.Progress) {
			line.show(verify.Progress{Archive: s.config.DatabaseName(), Series: at.Series, Bars: at.Bars})
		}
		report, err := app.Export(p.ctx, archive, c.AsOf, o, s.options())
		line.clear()
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(p.out, report)
		}
		return printExport(p.out, report)
	})
	if err == nil && !found { // which was said
		return exit(exitFailed)
	}
	return err
}

// options reads the flags.
func (c *exportCommand) options() (o export.Options, err error) {
	instruments, timeframes, err := yahoo.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return o, err
	}
	for _, i := range instruments {
		o.Instruments = append(o.Instruments, i.Name)
	}
	o.Timeframes, o.Path = timeframes, c.Path
	if o.Window, err = window(c.From, c.To); err != nil {
		return o, err
	}
	if o.Adjust, err = query.ParseAdjust(c.Adjust); err != nil {
		return o, misuse("--adjust: %w", err)
	}
	o.Kind, o.File, err = destination(c.Path, c.Format)
	return o, err
}

// destination tells a folder from a file, and what is written.
func destination(path, as string) (kind format.Kind, file bool, err error) {
	kind, file = format.OfFile(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() || strings.HasSuffix(path, string(os.PathSeparator)) {
		file = false
	}
	if kind = format.Kind(cmp.Or(as, string(kind), string(format.Parquet))); !file && as == "" {
		kind = format.Parquet
	}
	if kind != format.CSV && kind != format.Parquet && kind != format.Arrow {
		return "", false, misuse("--format %q: accepted are csv, parquet and arrow", string(kind))
	}
	if named, _ := format.OfFile(path); file && named != kind {
		return "", false, misuse("--format %s and the name %s contradict each other", kind, path)
	}
	return kind, file, nil
}

func printExport(w io.Writer, r export.Report) error {
	s := screenOf(w)
	s.Verdict(term.Good, "done", fmt.Sprintf("%s: %s written (%s), %d there already, %d removed", r.Path, several(r.Written, "file"),
		megabytes(r.BytesWritten), r.Kept, r.Removed))
	s.Lines(term.LabelWidth, fmt.Sprintf("%s, %s, %s", several(r.Bars, "bar"), megabytes(r.Bytes), r.Format))
	for _, note := range r.Notes {
		s.Label(term.Waits, "note", note)
	}
	t := term.NewTable(term.Text("series"), term.Number("written"), term.Number("there"),
		term.Number("removed"), term.Number("bars"), term.Number("size"))
	type counts struct {
		name                   string
		written, kept, removed int
		bars, bytes            int64
	}
	var all []*counts
	for _, f := range r.Files {
		name := strings.TrimSpace(f.Instrument + " " + f.Timeframe)
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, &counts{name: name})
		}
		c := all[len(all)-1]
		switch f.State {
		case export.Written:
			c.written++
		case export.Kept:
			c.kept++
		case export.Removed:
			c.removed++
			continue
		}
		c.bars, c.bytes = c.bars+f.Bars, c.bytes+f.Bytes
	}
	for _, c := range all {
		t.Row(c.name, c.written, c.kept, c.removed, c.bars, megabytes(c.bytes))
	}
	s.Table(t)
	return nil
}

// megabytes is a size in MB; of a little one in kB.
func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
