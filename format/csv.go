package format

import (
	"io"
	"strconv"
	"strings"

	"barkeep/market"
)

// csvWriter writes CSV (RFC 4180) with a header line and lines that end with \n. A volume or a count that is not known is empty,
// flags have a | between them.
type csvWriter struct {
	text
	columns []Column
	starts  instants
	flags   [256]string // those that were written already
	series  market.Series
	names   [2]string // of the series, as fields
}

func newCSV(to io.Writer, o Options) (*csvWriter, error) {
	w := &csvWriter{text: text{to: to}, columns: o.Columns, starts: instants{unix: o.Unix}}
	for i, c := range o.Columns {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, c...)
	}
	w.buf = append(w.buf, '\n')
	return w, w.flush()
}

// field quotes what would not be read as one field.
func field(name string) string {
	if strings.ContainsAny(name, ",\"\r\n") {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// Write adds a line for each bar.
func (w *csvWriter) Write(series market.Series, bars *market.Candles) error {
	if w.series != series {
		w.series, w.names = series, [2]string{field(series.Instrument), field(string(series.Timeframe))}
	}
	for i := range bars.Len() {
		for k, c := range w.columns {
			if k > 0 {
				w.buf = append(w.buf, ',')
			}
			w.value(c, bars, i)
		}
		w.buf = append(w.buf, '\n')
		if err := w.give(); err != nil {
			return err
		}
	}
	return nil
}

func (w *csvWriter) value(c Column, bars *market.Candles, i int) {
	switch c {
	case Instrument:
		w.buf = append(w.buf, w.names[0]...)
	case Timeframe:
		w.buf = append(w.buf, w.names[1]...)
	case TS:
		w.buf = w.starts.appendTo(w.buf, bars.TS[i])
	case Open:
		w.buf = appendPlain(w.buf, bars.Open[i])
	case High:
		w.buf = appendPlain(w.buf, bars.High[i])
	case Low:
		w.buf = appendPlain(w.buf, bars.Low[i])
	case Close:
		w.buf = appendPlain(w.buf, bars.Close[i])
	case Volume:
		if v := bars.Volume[i]; v != market.NoVolume {
			w.buf = strconv.AppendInt(w.buf, v, 10)
		}
	case Flags:
		if f := bars.Flags[i]; f != 0 {
			if w.flags[f] == "" {
				w.flags[f] = strings.Join(FlagNames(f), "|")
			}
			w.buf = append(w.buf, w.flags[f]...)
		}
	case BaseBars:
		if p := bars.PartsAt(i); p != 0 {
			w.buf = strconv.AppendInt(w.buf, int64(p.Have()), 10)
		}
	case BaseDue:
		if due := bars.PartsAt(i).Due(); due > 0 {
			w.buf = strconv.AppendInt(w.buf, int64(due), 10)
		}
	}
}

// Close gives the last lines away.
func (w *csvWriter) Close(About) error { return w.flush() }
