package format

import (
	"io"

	"barkeep/market"
)

// jsonColumns writes the object of jsonWriter whose candles are one object of arrays, one for each column. A value that is not
// known is null, flags are [] for none. Bars are kept until Close: 49 bytes a bar.
type jsonColumns struct {
	to     io.Writer
	o      Options
	parts  []*market.Candles
	series []market.Series // of the parts
}

// Write keeps a copy of the bars.
func (w *jsonColumns) Write(series market.Series, bars *market.Candles) error {
	w.parts, w.series = append(w.parts, bars.Clone()), append(w.series, series)
	return finite(bars)
}

// Close writes the object.
func (w *jsonColumns) Close(about About) error {
	rows, err := newJSON(w.to, w.o)
	if err != nil {
		return err
	}
	rows.buf[len(rows.buf)-1] = '{'
	for k, c := range w.o.Columns {
		if k > 0 {
			rows.buf = append(rows.buf, ',')
		}
		rows.buf = append(append(append(rows.buf, '"'), c...), `":[`...)
		if err := w.column(rows, c); err != nil {
			return err
		}
		rows.buf = append(rows.buf, ']')
	}
	rows.buf = append(rows.buf, '}')
	return rows.end(about)
}

func (w *jsonColumns) column(rows *jsonWriter, c Column) error {
	began := false
	for n, bars := range w.parts {
		rows.names = [2]string{
			string(appendString(nil, w.series[n].Instrument)), string(appendString(nil, string(w.series[n].Timeframe))),
		}
		for i := range bars.Len() {
			if began {
				rows.buf = append(rows.buf, ',')
			}
			began = true
			rows.buf = rows.value(rows.buf, c, bars, i)
			if err := rows.give(); err != nil {
				return err
			}
		}
	}
	return nil
}
