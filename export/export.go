// Package export writes an archive's bars into a folder that DuckDB, Spark and Trino read in place, or into one file. What is
// there already and still right is left alone; every file is read back and compared before it gets its name.
package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// ErrPath marks errors that the user mends by giving another path, or by moving what is in the way.
var ErrPath = errors.New("unusable path")

// unusable is an error that is also ErrPath.
type unusable struct{ error }

// Unwrap gives both.
func (u unusable) Unwrap() []error { return []error{u.error, ErrPath} }

// Archive is what is exported.
type Archive interface {
	store.Stills
	States(ctx context.Context) ([]market.SeriesState, error)
}

// Options say what to export, and where to. Archive, Capabilities, Resolve, Now, Logger, Kind and Path are required.
type Options struct {
	Archive      Archive
	Capabilities market.Capabilities
	Resolve      func(name string) (market.Instrument, error)
	Now          func() time.Time
	Logger       *slog.Logger

	Instruments []string           // none for all that are stored
	Timeframes  []market.Timeframe // none for all that are stored; others are folded
	// Window bounds the starts of the bars of a file; a zero From or To bounds nothing. In a folder it chooses files: those of which
	// a bar may start in it.
	Window market.Window
	Adjust query.Adjust
	AsOf   time.Time // zero for what is stored now
	Kind   format.Kind
	Path   string
	File   bool // Path is one file; else the root of a folder

	Progress func(Progress) // nil when nobody watches
	Point    func(string)   // told of steps, for tests; nil for nobody
}

// Progress tells how far an export is.
type Progress struct {
	Series market.Series
	Bars   int64 // read so far
}

// Run exports. After an error the files are whole, those of before and those that were written, and the next call goes on from
// there. The errors are those of query.Reader.Stream and of the file system; ErrPath is wrapped where the path cannot be used.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Kind != format.CSV && o.Kind != format.Arrow && o.Kind != format.Parquet {
		return Report{}, fmt.Errorf("export %s: accepted are %s, %s and %s", o.Kind, format.CSV, format.Arrow, format.Parquet)
	}
	if o.Adjust == "" {
		o.Adjust = query.AdjustSplit
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Point == nil {
		o.Point = func(string) {}
	}
	e := &exporter{Options: o, report: Report{
		Path: o.Path, Format: o.Kind, Adjust: o.Adjust, AsOf: o.AsOf.UTC(), Files: []Exported{},
	}}
	err := e.run(ctx)
	return e.report, err
}

// exporter carries one export out.
type exporter struct {
	Options
	report Report
	read   int64 // bars so far
}

func (e *exporter) run(ctx context.Context) error {
	info, err := os.Stat(e.Path)
	switch {
	case err == nil && info.IsDir() == e.File:
		is, want := "a file", "a folder"
		if e.File {
			is, want = want, is
		}
		return unusable{fmt.Errorf("%s is %s: give the path of %s", e.Path, is, want)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return unusable{err}
	}
	states, err := e.Archive.States(ctx)
	if err != nil {
		return err
	}
	all := e.chosen(states)
	if len(all) == 0 { // and no file is taken away: it may be the wrong archive
		return fmt.Errorf("%w of what was asked for", query.ErrNoBars)
	}
	if e.File {
		return e.toFile(ctx, all)
	}
	return e.toFolder(ctx, all)
}

// reader reads one state of the archive.
func (e *exporter) reader(still store.Still) (*query.Reader, error) {
	return query.New(query.Config{
		Bars: still, Truth: still, Stills: nested{still}, Capabilities: e.Capabilities, Resolve: e.Resolve, Now: e.Now,
		Logger: e.Logger, Recent: -1,
	})
}

// state is a Still under a name that a method of nested does not have.
type state = store.Still

// nested is one state, for what asks for one.
type nested struct{ state }

// Still is the same state.
func (n nested) Still(_ context.Context, do func(store.Still) error) error { return do(n.state) }

// request asks for the bars of a series in a window.
func (e *exporter) request(series market.Series, w market.Window) query.Request {
	return query.Request{
		Series: series, Window: w, Limit: 1, Adjust: e.Adjust, AsOf: e.AsOf, Complete: e.AsOf.IsZero(),
	}
}

// derived tells whether bars of a series are made of others.
func (e *exporter) derived(series market.Series) bool {
	base, ok := e.Capabilities.Base(series.Timeframe)
	return ok && base != series.Timeframe
}

// facts are what a file says of its bars, beside which series they are.
func (e *exporter) facts(at time.Time, complete *Complete) format.About {
	about := format.About{{Name: "adjust", Value: string(e.Adjust)}, {Name: "as_of", Value: at.UTC().Format(time.RFC3339Nano)}}
	if complete != nil {
		about = append(about, format.Fact{Name: "complete", Value: complete})
	}
	return about
}

// asOf is the instant whose state is read.
func (e *exporter) asOf() time.Time {
	if e.AsOf.IsZero() {
		return e.Now().UTC()
	}
	return e.AsOf.UTC()
}

// tell tells of bars that were read.
func (e *exporter) tell(series market.Series, bars int) {
	e.read += int64(bars)
	e.Progress(Progress{series, e.read})
}

// note keeps what a person should know, once.
func (e *exporter) note(notes []string) {
	for _, n := range notes {
		e.report.addNote(n)
	}
}

// in is a path below the root.
func (e *exporter) in(path string) string { return filepath.Join(e.Path, filepath.FromSlash(path)) }
