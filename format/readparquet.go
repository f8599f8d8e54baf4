package format

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"barkeep/market"
)

func readParquet(from File, contents *Contents, visit Visit) (err error) {
	in, err := file.NewParquetReader(struct{ File }{from}) // closing it must not close what it reads
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	root := in.MetaData().Schema
	var names []string
	for i := range root.NumColumns() {
		names = append(names, root.Column(i).Name())
	}
	if contents.Columns, err = readable(names); err != nil {
		return err
	}
	for i, c := range contents.Columns {
		if has, want := root.Column(i).SchemaNode(), parquetNode(c); has.Type() != want.Type() ||
			!has.LogicalType().Equals(want.LogicalType()) || has.RepetitionType() != want.RepetitionType() {
			return fmt.Errorf("%w: column %s is %s, expected %s", ErrForeign, c, has, want)
		}
	}
	about := in.MetaData().KeyValueMetadata()
	contents.About = factsOf(about.Keys(), about.Values())
	for i := range in.NumRowGroups() {
		if err := readGroup(in.RowGroup(i), contents, visit); err != nil {
			return fmt.Errorf("read Parquet: row group %d of %d: %w", i+1, in.NumRowGroups(), err)
		}
	}
	return nil
}

// mostRows bounds what is read at once. Row groups of this package have rowGroup.
const mostRows = 1 << 20

func readGroup(rows *file.RowGroupReader, contents *Contents, visit Visit) error {
	if rows.NumRows() > mostRows {
		return fmt.Errorf("%w: it has %d bars, expected at most %d", ErrForeign, rows.NumRows(), mostRows)
	}
	r := groupReader{n: int(rows.NumRows()), bars: room(int(rows.NumRows())), names: map[Column][]string{}}
	for i, c := range contents.Columns {
		column, err := rows.Column(i)
		if err == nil {
			err = r.column(c, column)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c, err)
		}
	}
	return bySeries(contents.Series(), r.names[Instrument], r.names[Timeframe], r.bars, visit)
}

// groupReader reads the columns of a row group.
type groupReader struct {
	n     int
	bars  *market.Candles
	names map[Column][]string
}

func (r *groupReader) column(c Column, column file.ColumnChunkReader) error {
	levels := make([]int16, r.n)
	switch column := column.(type) {
	case *file.Float64ColumnChunkReader:
		_, err := whole(column.ReadBatch, priceColumn(c, r.bars), levels, false)
		return err
	case *file.Int64ColumnChunkReader:
		values, err := whole(column.ReadBatch, make([]int64, r.n), levels, c.nullable())
		if err != nil {
			return err
		}
		if c == TS {
			return r.starts(values)
		}
		next := 0
		for i, level := range levels {
			if level > 0 {
				r.bars.Volume[i], next = values[next], next+1
			}
		}
	case *file.Int32ColumnChunkReader:
		values, err := whole(column.ReadBatch, make([]int32, r.n), levels, c.nullable())
		if err != nil {
			return err
		}
		next := 0
		for i, level := range levels {
			if c.nullable() && level == 0 {
				continue
			}
			if err := setSmall(c, r.bars, i, int(values[next])); err != nil {
				return err
			}
			next++
		}
	case *file.ByteArrayColumnChunkReader:
		values, err := whole(column.ReadBatch, make([]parquet.ByteArray, r.n), levels, false)
		if err != nil {
			return err
		}
		names := make([]string, r.n)
		for i, v := range values {
			names[i] = string(v)
		}
		r.names[c] = names
	}
	return nil
}

func (r *groupReader) starts(values []int64) error {
	for i, ms := range values {
		if ms%millis != 0 {
			return fmt.Errorf("bar %d does not start on a whole second", i)
		}
		r.bars.TS[i] = ms / millis
	}
	return nil
}

// whole reads a column to its end. There are as many levels as bars, and as many values unless some are not known.
func whole[T any](
	read func(n int64, values []T, levels, repeats []int16) (int64, int, error), values []T, levels []int16, nullable bool,
) ([]T, error) {
	rows, got := 0, 0
	for rows < len(levels) {
		var into []int16
		if nullable {
			into = levels[rows:]
		}
		n, m, err := read(int64(len(levels)-rows), values[got:], into, nil)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, fmt.Errorf("%w: %d of %d values", errShort, rows, len(levels))
		}
		rows, got = rows+int(n), got+m
	}
	if !nullable && got != len(levels) {
		return nil, fmt.Errorf("%w: %d of %d values", errShort, got, len(levels))
	}
	return values[:got], nil
}
