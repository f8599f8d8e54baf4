package format

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"barkeep/market"
)

// Wide writes bars of several series side by side: a row for each start that any of them has, in CSV or JSON. A column is
// called by its series and its value, "ES.close"; in JSON a row has an object for each instrument, and none where it has no
// bar. All of it is in memory. Instruments that are there twice, and columns of names, are refused.
func Wide(kind Kind, to io.Writer, o Options, all []*market.Candles, series []market.Series) error {
	if len(o.Columns) == 0 {
		o.Columns = ColumnsOf(false, false)
	}
	values := slices.DeleteFunc(slices.Clone(o.Columns), func(c Column) bool { return c == TS || c == Instrument || c == Timeframe })
	if err := checkColumns(values); err != nil {
		return err
	}
	for _, bars := range all {
		if err := finite(bars); err != nil {
			return err
		}
	}
	switch kind {
	case CSV:
		return wideCSV(to, o, values, all, series)
	case JSON:
		return wideJSON(to, o, values, all, series)
	}
	return fmt.Errorf("format is %q: accepted side by side is one of csv, json", string(kind))
}

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

func wideCSV(to io.Writer, o Options, values []Column, all []*market.Candles, series []market.Series) error {
	w := &csvWriter{text: text{to: to}, starts: instants{unix: o.Unix}}
	w.buf = append(w.buf, TS...)
	for _, s := range series {
		for _, c := range values {
			w.buf = append(append(w.buf, ','), field(s.Instrument+"."+string(c))...)
		}
	}
	w.buf = append(w.buf, '\n')
	at := make([]int, len(all))
	one := market.NewCandles(1)
	for _, start := range starts(all) {
		one.TS = append(one.TS[:0], start)
		w.value(TS, one, 0)
		for k, bars := range all {
			i, found := next(&at[k], bars, start)
			for _, c := range values {
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
	return w.flush()
}

func wideJSON(to io.Writer, o Options, values []Column, all []*market.Candles, series []market.Series) error {
	w := &jsonWriter{text: text{to: to}, columns: values, starts: instants{unix: o.Unix}}
	var err error
	if w.buf, err = appendHead(w.buf, o); err != nil {
		return err
	}
	names := make([][]byte, len(series))
	for k, s := range series {
		if names[k], err = json.Marshal(s.Instrument); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, `"candles":[`...)
	at := make([]int, len(all))
	for n, start := range starts(all) {
		if n > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = w.starts.appendQuoted(append(w.buf, `{"ts":`...), start)
		for k, bars := range all {
			if i, found := next(&at[k], bars, start); found {
				w.buf = append(append(append(w.buf, ','), names[k]...), ':')
				w.bar(bars, i)
			}
		}
		w.buf = append(w.buf, '}')
		if err := w.give(); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, ']')
	return w.end(nil)
}
