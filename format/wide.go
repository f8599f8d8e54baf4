package format

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"barkeep/market"
)

// WideWriter writes bars of several series side by side: a row for each start that any of them has. It is for one goroutine.
// After an error nothing more can be written.
type WideWriter interface {
	// Write adds the next bars of all series, in the sequence in which they were named: of each those that start in one span of
	// time, in order. Each call's span comes after the one before. It keeps none of their memory.
	Write(all []*market.Candles) error
	// Close completes what was written, as that of a Writer does.
	Close(about About) error
}

// NewWide begins to write bars of several series of different instruments side by side, as CSV, JSON, Arrow's stream or Parquet.
// A column is called by its series and its value, "ES.close"; the first one is ts. Where a series has no bar, its values are
// empty in CSV and null in Arrow and Parquet; in JSON a row has an object for each instrument, and none where it has no bar.
// Columns of names and of starts need not be asked for.
func NewWide(kind Kind, to io.Writer, o Options, series []market.Series) (WideWriter, error) {
	if len(o.Columns) == 0 {
		o.Columns = ColumnsOf(o.Derived, false)
	}
	w := wide{
		Options: o, series: series,
		values: slices.DeleteFunc(slices.Clone(o.Columns), func(c Column) bool { return c == TS || c == Instrument || c == Timeframe }),
	}
	if err := checkColumns(w.values); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, s := range series {
		if names[s.Instrument] {
			return nil, fmt.Errorf("%s is there twice: side by side each instrument is once", s.Instrument)
		}
		names[s.Instrument] = true
	}
	w.About = append(About{{"layout", "wide"}}, w.About...)
	switch kind {
	case CSV:
		return newWideCSV(to, w)
	case JSON:
		return newWideJSON(to, w)
	case Arrow:
		return newWideArrow(to, w)
	case Parquet:
		return newWideParquet(to, w)
	case JSONColumns:
	}
	return nil, fmt.Errorf("format is %q: accepted side by side is one of csv, json, arrow, parquet", string(kind))
}

// wide is what all kinds share.
type wide struct {
	Options
	series []market.Series
	values []Column // of each series
}

// column is how a value of a series is called.
func (w *wide) column(s market.Series, c Column) string { return s.Instrument + "." + string(c) }

// cells are how many values a row has, beside its start.
func (w *wide) cells() int { return max(1, len(w.series)*len(w.values)) }

// starts are those that any series has, in order, each once.
func starts(all []*market.Candles) []int64 {
	var union []int64
	for _, bars := range all {
		union = append(union, bars.TS...)
	}
	slices.Sort(union)
	return slices.Compact(union)
}

// next tells whether the next bar of a series is that of a start, and passes it.
func next(at *int, bars *market.Candles, start int64) (i int, found bool) {
	if *at < bars.Len() && cmp.Compare(bars.TS[*at], start) == 0 {
		*at++
		return *at - 1, true
	}
	return 0, false
}

// wideCSV writes a line for each start.
type wideCSV struct {
	*csvWriter
	wide
	one *market.Candles // a bar for its start
}

func newWideCSV(to io.Writer, o wide) (*wideCSV, error) {
	w := &wideCSV{&csvWriter{text: text{to: to}, starts: instants{unix: o.Unix}}, o, market.NewCandles(1)}
	w.buf = append(w.buf, TS...)
	for _, s := range o.series {
		for _, c := range o.values {
			w.buf = append(append(w.buf, ','), field(o.column(s, c))...)
		}
	}
	w.buf = append(w.buf, '\n')
	return w, w.flush()
}

// Write implements WideWriter.
func (w *wideCSV) Write(all []*market.Candles) error {
	at := make([]int, len(all))
	for _, start := range starts(all) {
		w.one.TS = append(w.one.TS[:0], start)
		w.value(TS, w.one, 0)
		for k, bars := range all {
			i, found := next(&at[k], bars, start)
			for _, c := range w.values {
				w.buf = append(w.buf, ',')
				if found {
					w.value(c, bars, i)
				}
			}
		}
		w.buf = append(w.buf, '\n')
		if err := w.give(); err != nil {
			return err
		}
	}
	return nil
}

// wideJSON writes an object for each start.
type wideJSON struct {
	*jsonWriter
	names [][]byte // of the instruments, quoted
}

func newWideJSON(to io.Writer, o wide) (*wideJSON, error) {
	w := &wideJSON{jsonWriter: &jsonWriter{text: text{to: to}, columns: o.values, starts: instants{unix: o.Unix}}}
	var err error
	if w.buf, err = appendHead(w.buf, o.Options); err != nil {
		return nil, err
	}
	for _, s := range o.series {
		name, err := json.Marshal(s.Instrument)
		if err != nil {
			return nil, err
		}
		w.names = append(w.names, name)
	}
	w.buf = append(w.buf, `"candles":[`...)
	return w, nil
}

// Write implements WideWriter.
func (w *wideJSON) Write(all []*market.Candles) error {
	for _, bars := range all {
		if err := finite(bars); err != nil {
			return err
		}
	}
	at := make([]int, len(all))
	for _, start := range starts(all) {
		if w.began {
			w.buf = append(w.buf, ',')
		}
		w.began = true
		w.buf = w.starts.appendQuoted(append(w.buf, `{"ts":`...), start)
		for k, bars := range all {
			if i, found := next(&at[k], bars, start); found {
				w.buf = append(append(append(w.buf, ','), w.names[k]...), ':')
				w.bar(bars, i)
			}
		}
		w.buf = append(w.buf, '}')
		if err := w.give(); err != nil {
			return err
		}
	}
	return nil
}
