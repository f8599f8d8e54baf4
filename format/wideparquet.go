package format

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"barkeep/market"
)

// wideParquet writes Parquet, in row groups of groupCells values at most. The types are those of parquetWriter.
type wideParquet struct {
	wide
	to      *headless
	file    *file.Writer      // nil before the first row group
	starts  []int64           // of the pending rows
	pending []*market.Candles // bars of the pending rows, by series
	has     [][]bool          // which of the rows each series has
	scratch
}

func newWideParquet(to io.Writer, o wide) (*wideParquet, error) {
	if _, _, err := o.named().pairs(); err != nil {
		return nil, err
	}
	w := &wideParquet{wide: o, to: &headless{to: to, left: len(magic)}, has: make([][]bool, len(o.series))}
	for range o.series {
		w.pending = append(w.pending, market.NewCandles(0))
	}
	_, err := io.WriteString(to, magic)
	return w, err
}

// Write keeps the rows until a row group is full.
func (w *wideParquet) Write(all []*market.Candles) error {
	at := make([]int, len(all))
	for rows, most := starts(all), w.rowsOf(groupCells); len(rows) > 0; {
		some := rows[:min(most-len(w.starts), len(rows))]
		for k, bars := range all {
			from := at[k]
			for _, i := range places(some, bars, &at[k]) {
				w.has[k] = append(w.has[k], i >= 0)
			}
			w.pending[k].AppendAll(bars.Slice(from, at[k]))
		}
		w.starts = append(w.starts, some...)
		if rows = rows[len(some):]; len(w.starts) == most {
			if err := w.group(); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin opens the file when its first bars are known, which decide how prices are encoded.
func (w *wideParquet) begin() (err error) {
	if w.file != nil {
		return nil
	}
	fields, properties := schema.FieldList{parquetNode(TS)}, append(parquetProperties(), encodings(string(TS), TS, false)...)
	for k, s := range w.series {
		plain := smallerPlain(w.pending[k].Close[:min(judged, w.pending[k].Len())])
		for _, c := range w.values {
			fields = append(fields, parquetNodeOf(w.column(s, c), c, true))
			properties = append(properties, encodings(w.column(s, c), c, plain)...)
		}
	}
	w.file, err = openParquet(w.to, fields, parquet.NewWriterProperties(properties...), w.named())
	return err
}

// group writes the pending rows as a row group.
func (w *wideParquet) group() error {
	if err := w.begin(); err != nil {
		return err
	}
	rows, err := w.file.AppendRowGroupChecked()
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	column := func(name string, write func(file.ColumnChunkWriter) error) error {
		to, err := rows.NextColumn()
		if err == nil {
			err = write(to)
		}
		if err != nil {
			return fmt.Errorf("write the column %s of Parquet: %w", name, err)
		}
		return nil
	}
	if err := column(string(TS), w.startsTo); err != nil {
		return err
	}
	for k, s := range w.series {
		for _, c := range w.values {
			if err := column(w.column(s, c), func(to file.ColumnChunkWriter) error { return w.valuesTo(to, k, c) }); err != nil {
				return err
			}
		}
	}
	if err := rows.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	w.starts = w.starts[:0]
	for k := range w.series {
		w.pending[k], w.has[k] = emptied(w.pending[k]), w.has[k][:0]
	}
	return nil
}

// startsTo writes the starts of the pending rows.
func (w *wideParquet) startsTo(to file.ColumnChunkWriter) (err error) {
	if to, ok := to.(*file.Int64ColumnChunkWriter); ok {
		w.longs = w.longs[:0]
		for _, ts := range w.starts {
			w.longs = append(w.longs, ts*millis)
		}
		_, err = to.WriteBatch(w.longs, nil, nil)
	}
	return err
}

// valuesTo writes a column of a series: the values that are known, and for each row whether there is one.
func (w *wideParquet) valuesTo(to file.ColumnChunkWriter, k int, c Column) (err error) {
	bars, next := w.pending[k], 0
	w.levels = w.levels[:0]
	each := func(known func(i int) bool) {
		for _, has := range w.has[k] {
			w.level(has && known(next))
			if has {
				next++
			}
		}
	}
	switch to := to.(type) {
	case *file.Float64ColumnChunkWriter:
		each(func(int) bool { return true })
		_, err = to.WriteBatch(priceColumn(c, bars), w.levels, nil)
	case *file.Int64ColumnChunkWriter:
		w.longs = w.longs[:0]
		each(func(i int) bool {
			known := bars.Volume[i] != market.NoVolume
			if known {
				w.longs = append(w.longs, bars.Volume[i])
			}
			return known
		})
		_, err = to.WriteBatch(w.longs, w.levels, nil)
	case *file.Int32ColumnChunkWriter:
		w.ints = w.ints[:0]
		each(func(i int) bool {
			value, known := smallValue(c, bars, i)
			if known {
				w.ints = append(w.ints, int32(value))
			}
			return known
		})
		_, err = to.WriteBatch(w.ints, w.levels, nil)
	}
	return err
}

// Close writes the rows that are left, and the footer.
func (w *wideParquet) Close(about About) error {
	if err := w.begin(); err != nil {
		return err
	}
	if len(w.starts) > 0 {
		if err := w.group(); err != nil {
			return err
		}
	}
	return closeParquet(w.file, about)
}
