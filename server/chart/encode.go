package chart

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"

	"barkeep/market"
)

// send writes the answer as it is made: its text is several times as large as its bars. That a client does not take it is no
// error.
func (a *answer) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", kindJSON)
	if a.complete != "" {
		w.Header().Set("Barkeep-Complete", a.complete)
	}
	out := &writer{to: bufio.NewWriterSize(w, 64<<10)}
	out.chart(a)
	_ = out.to.Flush()
}

// writer writes JSON. After an error it writes nothing more.
type writer struct {
	to    *bufio.Writer
	space []byte
}

func (w *writer) text(s string) { _, _ = io.WriteString(w.to, s) }

// value writes what encoding/json makes of it. A value that cannot be encoded is a fault of ours and panics.
func (w *writer) value(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	_, _ = w.to.Write(text)
}

// chart writes the whole body: meta, the timestamps unless there are no rows, the events if there are any, and the columns.
func (w *writer) chart(a *answer) {
	stamps, bars, adjusted := a.columns()
	w.text(`{"chart":{"result":[{"meta":`)
	w.value(a.meta(stamps))
	if len(stamps) > 0 {
		w.text(`,"timestamp":`)
		w.ints(stamps, math.MinInt64)
	}
	if a.events != nil {
		w.text(`,"events":`)
		w.value(a.events)
	}
	w.text(`,"indicators":{"quote":[{`)
	if len(stamps) > 0 {
		w.text(`"open":`)
		w.prices(bars.Open)
		w.text(`,"high":`)
		w.prices(bars.High)
		w.text(`,"low":`)
		w.prices(bars.Low)
		w.text(`,"close":`)
		w.prices(bars.Close)
		w.text(`,"volume":`)
		w.ints(bars.Volume, market.NoVolume)
	}
	w.text(`}]`)
	if a.adjusted != nil {
		w.text(`,"adjclose":[{`)
		if len(stamps) > 0 {
			w.text(`"adjclose":`)
			w.prices(adjusted)
		}
		w.text(`}]`)
	}
	w.text("}}],\"error\":null}}\n")
}

// ints writes a column; one value stands for null.
func (w *writer) ints(column []int64, null int64) {
	w.column(len(column), func(b []byte, i int) []byte {
		if column[i] == null {
			return append(b, "null"...)
		}
		return strconv.AppendInt(b, column[i], 10)
	})
}

// prices writes a column; NaN is null. A price is the shortest text that reads back to it.
func (w *writer) prices(column []float64) {
	w.column(len(column), func(b []byte, i int) []byte {
		v := column[i]
		size := math.Abs(v)
		switch {
		case math.IsNaN(v):
			return append(b, "null"...)
		case size != 0 && (size < 1e-6 || size >= 1e21):
			return strconv.AppendFloat(b, v, 'e', -1, 64)
		}
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	})
}

func (w *writer) column(n int, value func([]byte, int) []byte) {
	_ = w.to.WriteByte('[')
	for i := range n {
		w.space = w.space[:0]
		if i > 0 {
			w.space = append(w.space, ',')
		}
		w.space = value(w.space, i)
		if _, err := w.to.Write(w.space); err != nil {
			return
		}
	}
	_ = w.to.WriteByte(']')
}
