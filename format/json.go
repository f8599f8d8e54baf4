package format

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"barkeep/market"
)

// jsonWriter writes one object: instrument and timeframe where there is one series, what is told before the bars, candles, and
// what is told after them. A candle has ts, open, high, low, close, volume (null where it is not known) and, unless they are
// empty, flags, base_bars and base_due. The bytes are those of encoding/json, at several times its speed.
type jsonWriter struct {
	text
	columns []Column
	starts  instants
	flags   [256]string // those that were written already
	series  market.Series
	names   [2]string // of the series, quoted
	began   bool      // there is a candle
}

func newJSON(to io.Writer, o Options) (*jsonWriter, error) {
	w := &jsonWriter{text: text{to: to}, columns: o.Columns, starts: instants{unix: o.Unix}}
	var err error
	if w.buf, err = appendHead(w.buf, o); err != nil {
		return nil, err
	}
	w.buf = append(w.buf, `"candles":[`...)
	return w, nil
}

// appendHead appends the beginning of an object up to the candles.
func appendHead(text []byte, o Options) ([]byte, error) {
	text = append(text, '{')
	if o.Series != (market.Series{}) {
		text = appendString(append(text, `"instrument":`...), o.Series.Instrument)
		text = append(appendString(append(text, `,"timeframe":`...), string(o.Series.Timeframe)), ',')
	}
	for _, f := range o.About {
		var err error
		if text, err = appendFact(text, f); err != nil {
			return nil, err
		}
		text = append(text, ',')
	}
	return text, nil
}

func appendFact(text []byte, f Fact) ([]byte, error) {
	value, err := json.Marshal(f.Value)
	if err != nil {
		return nil, fmt.Errorf("what is told of the bars, %s: %w", f.Name, err)
	}
	return append(append(appendString(text, f.Name), ':'), value...), nil
}

// flagsJSON are flags as an array.
func flagsJSON(f market.Flag) string {
	if f == 0 {
		return "[]"
	}
	return `["` + strings.Join(FlagNames(f), `","`) + `"]`
}

// Write adds an object for each bar.
func (w *jsonWriter) Write(series market.Series, bars *market.Candles) error {
	if err := finite(bars); err != nil {
		return err
	}
	if w.series != series {
		w.series = series
		w.names = [2]string{string(appendString(nil, series.Instrument)), string(appendString(nil, string(series.Timeframe)))}
	}
	for i := range bars.Len() {
		if w.began {
			w.buf = append(w.buf, ',')
		}
		w.began = true
		w.bar(bars, i)
		if err := w.give(); err != nil {
			return err
		}
	}
	return nil
}

// finite refuses prices that JSON cannot write.
func finite(bars *market.Candles) error {
	for _, column := range [][]float64{bars.Open, bars.High, bars.Low, bars.Close} {
		for _, price := range column {
			if math.IsNaN(price) || math.IsInf(price, 0) {
				return fmt.Errorf("%w: %v", errNoNumber, price)
			}
		}
	}
	return nil
}

func (w *jsonWriter) bar(bars *market.Candles, i int) {
	w.buf = append(w.buf, '{')
	for _, c := range w.columns {
		if c == Flags && bars.Flags[i] == 0 || c == BaseBars && bars.PartsAt(i) == 0 || c == BaseDue && bars.PartsAt(i).Due() == 0 {
			continue
		}
		if w.buf[len(w.buf)-1] != '{' {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(append(append(w.buf, '"'), c...), '"', ':')
		w.buf = w.value(w.buf, c, bars, i)
	}
	w.buf = append(w.buf, '}')
}

// value appends a value of a bar; null for none.
func (w *jsonWriter) value(text []byte, c Column, bars *market.Candles, i int) []byte {
	switch c {
	case Instrument:
		return append(text, w.names[0]...)
	case Timeframe:
		return append(text, w.names[1]...)
	case TS:
		return w.starts.appendQuoted(text, bars.TS[i])
	case Open:
		return appendPrice(text, bars.Open[i])
	case High:
		return appendPrice(text, bars.High[i])
	case Low:
		return appendPrice(text, bars.Low[i])
	case Close:
		return appendPrice(text, bars.Close[i])
	case Volume:
		return appendKnown(text, bars.Volume[i], bars.Volume[i] != market.NoVolume)
	case Flags:
		f := bars.Flags[i]
		if w.flags[f] == "" {
			w.flags[f] = flagsJSON(f)
		}
		return append(text, w.flags[f]...)
	case BaseBars:
		return appendKnown(text, int64(bars.PartsAt(i).Have()), bars.PartsAt(i) != 0)
	default:
		return appendKnown(text, int64(bars.PartsAt(i).Due()), bars.PartsAt(i).Due() > 0)
	}
}

func appendKnown(text []byte, n int64, known bool) []byte {
	if !known {
		return append(text, "null"...)
	}
	return strconv.AppendInt(text, n, 10)
}

// Close ends the object.
func (w *jsonWriter) Close(about About) error {
	w.buf = append(w.buf, ']')
	return w.end(about)
}

// end writes what is told after the candles.
func (w *jsonWriter) end(about About) (err error) {
	for _, f := range about {
		if w.buf, err = appendFact(append(w.buf, ','), f); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, '}', '\n')
	return w.flush()
}

// JSONRows are the objects of bars as a page of JSON has them, with commas between: what stays the same from one answer to the
// next.
func JSONRows(o Options, bars *market.Candles) ([]byte, error) {
	if len(o.Columns) == 0 {
		o.Columns = ColumnsOf(true, false)
	}
	if err := checkColumns(o.Columns); err != nil {
		return nil, err
	}
	if err := finite(bars); err != nil {
		return nil, err
	}
	w := &jsonWriter{columns: o.Columns, starts: instants{unix: o.Unix}}
	for i := range bars.Len() {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.bar(bars, i)
	}
	return w.buf, nil
}

// JSONHead is the beginning of a page of JSON, up to its bars, and JSONPage is all of it; the bars are written already
// (JSONRows).
func JSONHead(o Options) ([]byte, error) {
	text, err := appendHead(nil, o)
	return append(text, `"candles":[`...), err
}

// JSONPage puts a page together.
func JSONPage(head, rows []byte) []byte {
	return slices.Concat(head, rows, []byte("]}\n"))
}
