package fake

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// renderer writes bodies. It remembers how prices were last written: neighbouring bars share theirs, and a float is dear to
// print. One renderer serves one goroutine.
type renderer struct {
	buf    []byte
	prices [2048]printed
}

type printed struct {
	bits   uint64
	length uint8
	text   [23]byte
}

// chart writes the whole body of an answer: meta, the timestamps unless there are no rows, the events if there are any,
// and the columns.
func (r *renderer) chart(m *meta, t *table, events []byte, adjusted bool) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the meta of %s: %w", m.Symbol, err)
	}
	r.buf = append(r.buf[:0], `{"chart":{"result":[{"meta":`...)
	r.buf = append(r.buf, text...)
	if t.len() > 0 {
		r.ints(`,"timestamp":[`, t.ts, nil)
	}
	if events != nil {
		r.buf = append(append(r.buf, `,"events":`...), events...)
	}
	if t.len() == 0 {
		r.empty(adjusted)
		return nil
	}
	r.floats(`,"indicators":{"quote":[{"open":[`, t.open, t)
	r.floats(`,"high":[`, t.high, t)
	r.ints(`,"volume":[`, t.volume, t)
	r.floats(`,"low":[`, t.low, t)
	r.floats(`,"close":[`, t.close, t)
	r.buf = append(r.buf, `}]`...)
	if adjusted {
		r.floats(`,"adjclose":[{"adjclose":[`, t.close, t)
		r.buf = append(r.buf, `}]`...)
	}
	r.buf = append(r.buf, `}}],"error":null}}`...)
	return nil
}

func (r *renderer) empty(adjusted bool) {
	r.buf = append(r.buf, `,"indicators":{"quote":[{}]`...)
	if adjusted {
		r.buf = append(r.buf, `,"adjclose":[{}]`...)
	}
	r.buf = append(r.buf, `}}],"error":null}}`...)
}

// ints writes a column; with nulls, values below 0 and those of null rows are null.
func (r *renderer) ints(head string, column []int64, nulls *table) {
	b := append(r.buf, head...)
	for i, v := range column {
		if i > 0 {
			b = append(b, ',')
		}
		if nulls != nil && (v < 0 || nulls.null(i)) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendInt(b, v, 10)
		}
	}
	r.buf = append(b, ']')
}

func (r *renderer) floats(head string, column []float64, nulls *table) {
	b := append(r.buf, head...)
	for i, v := range column {
		if i > 0 {
			b = append(b, ',')
		}
		if nulls.null(i) {
			b = append(b, "null"...)
		} else {
			b = r.price(b, v)
		}
	}
	r.buf = append(b, ']')
}

// price writes one price as the shortest text that reads back to it.
func (r *renderer) price(b []byte, v float64) []byte {
	bits := math.Float64bits(v)
	slot := &r.prices[(bits*0x9e3779b97f4a7c15)>>53]
	if slot.bits == bits && slot.length > 0 {
		return append(b, slot.text[:slot.length]...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', -1, 64)
	if n := len(b) - start; n <= len(slot.text) {
		slot.bits, slot.length = bits, uint8(n)
		copy(slot.text[:], b[start:])
	}
	return b
}
