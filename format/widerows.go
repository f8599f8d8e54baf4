package format

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"barkeep/market"
)

// wideCells is how many values a record batch of Arrow has at most, and a row group of Parquet: 8 and 16 MB. However many series
// there are, and however few starts they share, no more is made at once.
const (
	batchCells = 1 << 20
	groupCells = 1 << 21
	fewestRows = 256 // of a batch or a group, for a great many series
)

// rowsOf is how many rows have so many values.
func (w *wide) rowsOf(cells int) int { return max(fewestRows, min(rowGroup, cells/w.cells())) }

// places are, for each of some starts, which bar of a series starts then; -1 for none. At is the next bar of the series.
func places(starts []int64, bars *market.Candles, at *int) []int32 {
	found := make([]int32, len(starts))
	for k, start := range starts {
		found[k] = -1
		if i, ok := next(at, bars, start); ok {
			found[k] = int32(i) //nolint:gosec // bars in memory are fewer than 2 billion
		}
	}
	return found
}

// wideArrow writes Arrow's IPC stream, in record batches of batchCells values at most. The types are those of arrowWriter.
type wideArrow struct {
	wide
	schema *arrow.Schema
	out    *ipc.Writer
}

func newWideArrow(to io.Writer, o wide) (*wideArrow, error) {
	fields := []arrow.Field{{Name: string(TS), Type: arrowType(TS)}}
	for _, s := range o.series {
		for _, c := range o.values {
			fields = append(fields, arrow.Field{Name: o.column(s, c), Type: arrowType(c), Nullable: true})
		}
	}
	names, values, err := o.named().pairs()
	if err != nil {
		return nil, err
	}
	about := arrow.NewMetadata(names, values)
	schema := arrow.NewSchema(fields, &about)
	return &wideArrow{o, schema, ipc.NewWriter(to, ipc.WithSchema(schema))}, nil
}

// Write implements WideWriter.
func (w *wideArrow) Write(all []*market.Candles) error {
	at := make([]int, len(all))
	for rows, most := starts(all), w.rowsOf(batchCells); len(rows) > 0; {
		some := rows[:min(most, len(rows))]
		if err := w.batch(some, all, at); err != nil {
			return err
		}
		rows = rows[len(some):]
	}
	return nil
}

// batch writes some rows.
func (w *wideArrow) batch(rows []int64, all []*market.Candles, at []int) error {
	columns := []arrow.Array{arrayOf(newData(arrowType(TS), len(rows), 0, nil, arrow.Int64Traits.CastToBytes(rows)))}
	for k, bars := range all {
		where := places(rows, bars, &at[k])
		for _, c := range w.values {
			columns = append(columns, arrayOf(placedData(c, bars, where)))
		}
	}
	batch := array.NewRecordBatch(w.schema, columns, int64(len(rows)))
	defer batch.Release()
	for _, c := range columns {
		c.Release()
	}
	return arrowFailed("write an Arrow batch", w.out.Write(batch))
}

func arrayOf(data *array.Data) arrow.Array {
	defer data.Release()
	return array.MakeFromData(data)
}

// placedData is a column of the bars at some places, null where there is none or its value is not known.
func placedData(c Column, bars *market.Candles, where []int32) *array.Data {
	n := len(where)
	there := func(k int) bool { return where[k] >= 0 }
	known := there
	var values []byte
	switch c {
	case Volume:
		known = func(k int) bool { return there(k) && bars.Volume[where[k]] != market.NoVolume }
		values = arrow.Int64Traits.CastToBytes(placed(bars.Volume, where))
	case Flags, BaseBars, BaseDue:
		small := make([]int16, n)
		has := make([]bool, n)
		for k, i := range where {
			if i >= 0 {
				small[k], has[k] = smallValue(c, bars, int(i))
			}
		}
		known = func(k int) bool { return has[k] }
		values = arrow.Int16Traits.CastToBytes(small)
	default:
		values = arrow.Float64Traits.CastToBytes(placed(priceColumn(c, bars), where))
	}
	bits, nulls := bitmap(n, known)
	return newData(arrowType(c), n, nulls, bits, values)
}

// placed are values at some places; zero where there is none.
func placed[T any](values []T, where []int32) []T {
	all := make([]T, len(where))
	for k, i := range where {
		if i >= 0 {
			all[k] = values[i]
		}
	}
	return all
}

// Close ends the stream.
func (w *wideArrow) Close(About) error { return arrowFailed("end an Arrow stream", w.out.Close()) }
