package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/yahoo"
)

// importCommand takes bars in from files.
type importCommand struct {
	Files      []string `arg:"" name:"file" help:"CSV files, also in gzip, or what barkeep export writes; standard input is called -."`
	Instrument string   `help:"What they are bars of; by default what a folder instrument=ES says." placeholder:"ES"`
	Timeframe  string   `help:"Their timeframe; by default what a folder timeframe=1m says." placeholder:"1m"`
	Preset     string   `help:"How a program writes them: yfinance, ninjatrader or tradingview." placeholder:"NAME"`
	Columns    string   `help:"Which column is what: ts=Date,open=Open by their names or numbers, or ts,open,high,low,close,volume in order." placeholder:"LIST"`
	Zone       string   `help:"The zone of times without an offset." placeholder:"America/Chicago"`
	BarEnd     bool     `help:"Times are those of the ends of the bars."`
	TimeFormat string   `help:"How times are written, where it is not year, month, day: dd/MM/yyyy HH:mm." placeholder:"FORMAT"`
	Separator  string   `help:"What stands between columns: , ; | or tab." placeholder:"CHAR"`
	Decimal    string   `help:"The decimal mark: . or a comma." placeholder:"CHAR"`
	Thousands  string   `help:"What stands between thousands: a comma, . ' or space." placeholder:"CHAR"`
	Outside    string   `help:"refuse a file with many bars outside of sessions, or skip those bars." enum:"refuse,skip" default:"refuse"`
	DryRun     bool     `help:"Show what would be stored, and store nothing."`
	JSON       bool     `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *importCommand) Help() string {
	return "What is not stored yet is taken, what is stored stays as it is: a bar that is there with the same prices is counted, " +
		"one with other prices is listed. A file is refused as a whole where its rows show that it was named wrongly: many of them " +
		"lie outside of sessions or off the grid, or agree with nothing that is stored, or are on a scale that no split explains. " +
		"Look first, with --dry-run. Whole months are stored at a time, with what derives from them, and the ledger keeps from which " +
		"file they are. A timeframe that is made from another is compared only. It exits with 0 when every bar of the files is " +
		"stored, 3 when some were left out or contradict stored ones, 4 when a file was refused, and 2 when one cannot be read."
}

// Run carries the command out.
func (c *importCommand) Run(p *process) error {
	layout, err := c.layout()
	if err != nil {
		return err
	}
	subjects := make([]intake.Subject, len(c.Files))
	for i, file := range c.Files {
		if subjects[i], err = c.subject(file); err != nil {
			return err
		}
	}
	return withArchive(p, func(a *app.App) error {
		var shown []importView
		code := exitDone
		for i, file := range c.Files {
			report, err := c.one(p, a, file, layout, subjects[i])
			if report.Series.Instrument != "" && report.Left != nil {
				v := newImportView(file, report, c.DryRun)
				shown, code = append(shown, v), max(code, v.code())
				if !c.JSON {
					v.print(p.out)
				}
			}
			if err != nil {
				if c.JSON && len(shown) > 0 {
					err = errors.Join(err, printJSON(p.out, shown))
				}
				return err
			}
		}
		if c.JSON {
			if err := printJSON(p.out, shown); err != nil {
				return err
			}
		}
		if code != exitDone {
			return exit(code)
		}
		return nil
	})
}

// one imports one file.
func (c *importCommand) one(
	p *process, a *app.App, file string, layout intake.Layout, subject intake.Subject,
) (report app.ImportReport, err error) {
	in, name := io.NopCloser(os.Stdin), "standard input"
	if file != "-" {
		name = filepath.Base(file)
		if in, err = os.Open(file); err != nil {
			return report, config.Unusable(err)
		}
	}
	defer in.Close() //nolint:errcheck // it was read
	layout.Ticker = cmp.Or(layout.Ticker, yahoo.Symbol(subject.Instrument))
	return a.Import(p.ctx, app.ImportRequest{
		Name: name, In: in, Layout: layout, Instrument: subject.Instrument, Timeframe: subject.Timeframe, Outside: c.Outside == "skip",
		DryRun: c.DryRun,
	})
}

// layout reads the flags that say how files are written.
func (c *importCommand) layout() (l intake.Layout, err error) {
	if c.Columns != "" {
		if l.Columns, err = intake.ParseColumns(c.Columns); err != nil {
			return l, misuse("--columns: %w", err)
		}
	}
	if c.Zone != "" {
		if l.Zone, err = time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
			return l, misuse("--zone: %q is no zone: accepted are UTC, America/Chicago and the like", c.Zone)
		}
	}
	var wrong error
	char := func(flag, text, accepted string) byte {
		text = map[string]string{"tab": "\t", `\t`: "\t", "space": " ", "comma": ","}[text] + text
		if len(text) > 1 && (text[0] == '\t' || text[0] == ' ' || text[0] == ',') {
			text = text[:1]
		}
		switch {
		case text == "":
			return 0
		case len(text) != 1 || !strings.Contains(accepted, text):
			wrong = errors.Join(wrong, misuse("%s: %q: accepted is one of %s", flag, text,
				strings.NewReplacer("\t", "tab", " ", "space").Replace(strings.Join(strings.Split(accepted, ""), "  "))))
			return 0
		}
		return text[0]
	}
	l.Separator, l.Decimal = char("--separator", c.Separator, ",;|\t"), char("--decimal", c.Decimal, ".,")
	l.Thousands = char("--thousands", c.Thousands, ",.' ")
	if wrong != nil {
		return l, wrong
	}
	l.BarEnd, l.TimeFormat = c.BarEnd, c.TimeFormat
	if l, err = intake.Preset(c.Preset, l); err != nil {
		return l, misuse("--preset: %w", err)
	}
	return l, nil
}

// subject is what a file holds: by the flags, or by its folders.
func (c *importCommand) subject(file string) (s intake.Subject, err error) {
	instrument, timeframe := c.Instrument, c.Timeframe
	for _, folder := range strings.Split(filepath.ToSlash(file), "/") {
		if name, ok := strings.CutPrefix(folder, "instrument="); ok && instrument == "" {
			instrument = name
		}
		if name, ok := strings.CutPrefix(folder, "timeframe="); ok && timeframe == "" {
			timeframe = name
		}
	}
	if instrument == "" || timeframe == "" {
		return s, misuse("what is %s? --instrument and --timeframe say it", file)
	}
	if s.Instrument, err = yahoo.Resolve(instrument); err != nil {
		return s, fmt.Errorf("--instrument: %w", err)
	}
	if s.Timeframe, err = market.ParseTimeframe(timeframe); err != nil {
		return s, fmt.Errorf("--timeframe: %w", err)
	}
	return s, nil
}

// code is the exit code for a file.
func (v importView) code() int {
	switch {
	case v.Refused != "":
		return exitFailed
	case v.state != "" && v.state != ledger.StateDone:
		return exitCodeOf(v.state)
	case !v.clean:
		return exitPartial
	default:
		return exitDone
	}
}
