package format

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"barkeep/market"
)

// File is what bars are read from. An *os.File and a *bytes.Reader are one.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// Visit takes a batch of bars of one series, as they follow in the file. They belong to it. The series is the zero Series where
// the file does not say which it is.
type Visit func(series market.Series, bars *market.Candles) error

// Contents are what a file says beside its bars.
type Contents struct {
	Columns []Column          // in the order of the file
	About   map[string]string // Fact by name, as Arrow and Parquet keep them; nil in CSV
	Bars    int64             // that were read
}

// Series is the one that the file is of; the zero Series where it names none.
func (c *Contents) Series() market.Series {
	return market.Series{Instrument: c.About["instrument"], Timeframe: market.Timeframe(c.About["timeframe"])}
}

// ErrForeign tells of a file that is none of those that this package writes.
var ErrForeign = errors.New("it is no file of bars that Barkeep wrote")

// errShort tells of a file whose end is missing.
var errShort = errors.New("its end is missing: it was not written to its end, or was cut")

// readBatch is how many bars a batch has at most.
const readBatch = 1 << 15

// ReadFile reads a file of bars of a kind that New writes (CSV, Arrow or Parquet). The error names the file, and wraps ErrForeign
// where it is another kind of file. A file that lacks its end is an error, but for CSV that ends with a whole line: who knows how
// many bars there are compares Contents.Bars.
func ReadFile(kind Kind, path string, visit Visit) (contents Contents, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Contents{}, fmt.Errorf("read bars: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if contents, err = Read(kind, f, visit); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return contents, err
}

// Read is ReadFile for what is open already, from its beginning.
func Read(kind Kind, from File, visit Visit) (contents Contents, err error) {
	defer func() {
		if r := recover(); r != nil { // the libraries do so at some files that are damaged
			err = fmt.Errorf("read %s: %v", kind, r)
		}
	}()
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return contents, fmt.Errorf("read %s: %w", kind, err)
	}
	counted := func(series market.Series, bars *market.Candles) error {
		contents.Bars += int64(bars.Len())
		return visit(series, bars)
	}
	switch kind {
	case CSV:
		err = readCSV(from, &contents, counted)
	case Arrow:
		err = readArrow(from, &contents, counted)
	case Parquet:
		err = readParquet(from, &contents, counted)
	default:
		err = fmt.Errorf("%s is not read: accepted are %s, %s and %s", kind, CSV, Arrow, Parquet)
	}
	return contents, err
}

// needed are the columns without which there is no bar.
func needed() []Column { return []Column{TS, Open, High, Low, Close} }

// readable takes the columns of a file, which must be known ones with all that a bar needs.
func readable(names []string) ([]Column, error) {
	var columns []Column
	for _, name := range names {
		columns = append(columns, Column(name))
	}
	if err := checkColumns(columns); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	for _, c := range needed() {
		if !slices.Contains(columns, c) {
			return nil, fmt.Errorf("%w: it has no column %s", ErrForeign, c)
		}
	}
	return columns, nil
}

// room makes columns with room for n bars, none of which has a volume or flags yet.
func room(n int) *market.Candles {
	bars := &market.Candles{
		TS: make([]int64, n), Open: make([]float64, n), High: make([]float64, n), Low: make([]float64, n), Close: make([]float64, n),
		Volume: make([]int64, n), Flags: make([]market.Flag, n),
	}
	for i := range bars.Volume {
		bars.Volume[i] = market.NoVolume
	}
	return bars
}

// setCount sets one of the two counts of a bar.
func setCount(bars *market.Candles, i int, c Column, n int) error {
	p := bars.PartsAt(i)
	have, due := p.Have(), p.Due()
	if c == BaseBars {
		have = n
	} else {
		due = n
	}
	if n < 0 || n > market.MostParts {
		return fmt.Errorf("%s of bar %d is %d: accepted is 0 to %d", c, i, n, market.MostParts)
	}
	bars.SetParts(i, market.PartsOf(have, due))
	return nil
}

// setFlags sets the flags of a bar by their number.
func setFlags(bars *market.Candles, i, n int) error {
	if n < 0 || n > 255 {
		return fmt.Errorf("%s of bar %d are %d: accepted is 0 to 255", Flags, i, n)
	}
	bars.Flags[i] = market.Flag(n)
	return nil
}

// bySeries gives bars away, those of each series by themselves. names are nil where the file has no such column.
func bySeries(whole market.Series, instruments, timeframes []string, bars *market.Candles, visit Visit) error {
	at := func(i int) market.Series {
		series := whole
		if instruments != nil {
			series.Instrument = instruments[i]
		}
		if timeframes != nil {
			series.Timeframe = market.Timeframe(timeframes[i])
		}
		return series
	}
	for from := 0; from < bars.Len(); {
		series, to := at(from), from+1
		for to < bars.Len() && (instruments == nil && timeframes == nil || at(to) == series) {
			to++
		}
		if err := visit(series, bars.Slice(from, to)); err != nil {
			return err
		}
		from = to
	}
	return nil
}
