package format

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"barkeep/market"
)

// arrowWriter writes Arrow's IPC stream, a record batch for each Write. Starts are timestamp[s, UTC], prices float64, volumes
// int64 (null where they are not known), flags int16 (FlagBits), counts of base bars int16 (null likewise), names utf8. Starts,
// prices and volumes go to the stream without a copy.
type arrowWriter struct {
	columns []Column
	schema  *arrow.Schema
	out     *ipc.Writer
}

func arrowType(c Column) arrow.DataType {
	switch c {
	case Instrument, Timeframe:
		return arrow.BinaryTypes.String
	case TS:
		return &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}
	case Volume:
		return arrow.PrimitiveTypes.Int64
	case Flags, BaseBars, BaseDue:
		return arrow.PrimitiveTypes.Int16
	default:
		return arrow.PrimitiveTypes.Float64
	}
}

// nullable tells whether a bar may have no value of a column.
func (c Column) nullable() bool { return c == Volume || c == BaseBars || c == BaseDue }

func newArrow(to io.Writer, o Options) (*arrowWriter, error) {
	var fields []arrow.Field
	for _, c := range o.Columns {
		fields = append(fields, arrow.Field{Name: string(c), Type: arrowType(c), Nullable: c.nullable()})
	}
	names, values, err := o.named().pairs()
	if err != nil {
		return nil, err
	}
	about := arrow.NewMetadata(names, values)
	schema := arrow.NewSchema(fields, &about)
	return &arrowWriter{columns: o.Columns, schema: schema, out: ipc.NewWriter(to, ipc.WithSchema(schema))}, nil
}

// Write adds a record batch.
func (w *arrowWriter) Write(series market.Series, bars *market.Candles) error {
	n := bars.Len()
	if n == 0 {
		return nil
	}
	columns := make([]arrow.Array, len(w.columns))
	for i, c := range w.columns {
		data := arrowData(c, series, bars)
		columns[i] = array.MakeFromData(data)
		data.Release()
	}
	batch := array.NewRecordBatch(w.schema, columns, int64(n))
	defer batch.Release()
	for _, c := range columns {
		c.Release()
	}
	return arrowFailed("write an Arrow batch", w.out.Write(batch))
}

// arrowFailed says what failed; nil where nothing did.
func arrowFailed(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// arrowData is a column of bars.
func arrowData(c Column, series market.Series, bars *market.Candles) *array.Data {
	var known, values []byte
	nulls, n := 0, bars.Len()
	switch c {
	case Instrument:
		return repeated(series.Instrument, n)
	case Timeframe:
		return repeated(string(series.Timeframe), n)
	case TS:
		values = arrow.Int64Traits.CastToBytes(bars.TS)
	case Open:
		values = arrow.Float64Traits.CastToBytes(bars.Open)
	case High:
		values = arrow.Float64Traits.CastToBytes(bars.High)
	case Low:
		values = arrow.Float64Traits.CastToBytes(bars.Low)
	case Close:
		values = arrow.Float64Traits.CastToBytes(bars.Close)
	case Volume:
		values = arrow.Int64Traits.CastToBytes(bars.Volume)
		known, nulls = bitmap(n, func(i int) bool { return bars.Volume[i] != market.NoVolume })
	default:
		small := make([]int16, n)
		for i := range small {
			small[i], _ = smallValue(c, bars, i)
		}
		values = arrow.Int16Traits.CastToBytes(small)
		if c.nullable() {
			known, nulls = bitmap(n, func(i int) bool {
				_, known := smallValue(c, bars, i)
				return known
			})
		}
	}
	return newData(arrowType(c), n, nulls, known, values)
}

// smallValue is a bar's flags or a count of it; false where it is not known.
func smallValue(c Column, bars *market.Candles, i int) (int16, bool) {
	p := bars.PartsAt(i)
	switch c {
	case BaseBars:
		return int16(p.Have()), p != 0 //nolint:gosec // market.MostParts at most
	case BaseDue:
		return int16(p.Due()), p.Due() > 0 //nolint:gosec // market.MostParts at most
	default:
		return int16(bars.Flags[i]), true
	}
}

func newData(t arrow.DataType, n, nulls int, buffers ...[]byte) *array.Data {
	all := make([]*memory.Buffer, len(buffers))
	for i, b := range buffers {
		if b != nil {
			all[i] = memory.NewBufferBytes(b)
		}
	}
	return array.NewData(t, n, all, nil, nulls, 0)
}

// bitmap has a bit for each value that is known, and counts the others; nil when all are.
func bitmap(n int, known func(int) bool) (bits []byte, nulls int) {
	bits = make([]byte, (n+7)/8)
	for i := range n {
		if known(i) {
			bits[i/8] |= 1 << (i % 8)
		} else {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return bits, nulls
}

// repeated is a column that has one text n times.
func repeated(text string, n int) *array.Data {
	offsets, bytes := make([]int32, n+1), make([]byte, 0, n*len(text))
	for i := range n {
		bytes = append(bytes, text...)
		offsets[i+1] = int32(len(bytes)) //nolint:gosec // n bars of one batch and a name stay below 2 GiB
	}
	return newData(arrow.BinaryTypes.String, n, 0, nil, arrow.Int32Traits.CastToBytes(offsets), bytes)
}

// Close ends the stream.
func (w *arrowWriter) Close(About) error {
	return arrowFailed("end an Arrow stream", w.out.Close())
}
