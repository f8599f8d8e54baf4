package format

import (
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"barkeep/market"
)

// rowGroup is how many bars a row group has: 3 MB of columns in memory, and less than 1 MB in the file.
const rowGroup = 1 << 16

// parquetWriter writes Parquet, in row groups of rowGroup bars. Starts are TIMESTAMP(MILLIS, UTC), prices DOUBLE, volumes INT64
// (null where they are not known), flags INT(16) (FlagBits), counts of base bars INT(16) (null likewise), names STRING. All is
// compressed by zstd.
type parquetWriter struct {
	to      *headless
	o       Options
	file    *file.Writer // nil before the first row group
	pending *market.Candles
	runs    []run // of the pending bars
	scratch
}

// judged is by how many bars the encoding of prices is chosen: a month of 1m.
const judged = 31 * 24 * 60

// run is how many bars in a row are of a series.
type run struct {
	series market.Series
	bars   int
}

// scratch is memory that columns of a row group use one after the other.
type scratch struct {
	longs  []int64
	ints   []int32
	levels []int16
	names  []parquet.ByteArray
}

func newParquet(to io.Writer, o Options) (*parquetWriter, error) {
	if _, _, err := o.named().pairs(); err != nil {
		return nil, err
	}
	w := &parquetWriter{to: &headless{to: to, left: len(magic)}, o: o, pending: market.NewCandles(0)}
	_, err := io.WriteString(to, magic)
	return w, err
}

// magic begins a file of Parquet.
const magic = "PAR1"

// headless leaves out the first bytes of a file: they were written when it began, long before the first row group. It has no
// Close, so that closing the file does not close what lies below.
type headless struct {
	to   io.Writer
	left int
}

// Write writes what was not written yet.
func (w *headless) Write(p []byte) (int, error) {
	skip := min(w.left, len(p))
	w.left -= skip
	if skip == len(p) {
		return skip, nil
	}
	n, err := w.to.Write(p[skip:])
	return n + skip, err
}

// Write keeps the bars until a row group is full.
func (w *parquetWriter) Write(series market.Series, bars *market.Candles) error {
	for from := 0; from < bars.Len(); {
		n := min(rowGroup-w.pending.Len(), bars.Len()-from)
		w.pending.AppendAll(bars.Slice(from, from+n))
		if last := len(w.runs) - 1; last >= 0 && w.runs[last].series == series {
			w.runs[last].bars += n
		} else {
			w.runs = append(w.runs, run{series, n})
		}
		if from += n; w.pending.Len() == rowGroup {
			if err := w.group(); err != nil {
				return err
			}
		}
	}
	return nil
}

// group writes the pending bars as a row group.
func (w *parquetWriter) group() error {
	if err := w.begin(); err != nil {
		return err
	}
	rows, err := w.file.AppendRowGroupChecked()
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	for _, c := range w.o.Columns {
		column, err := rows.NextColumn()
		if err == nil {
			err = w.column(column, c)
		}
		if err != nil {
			return fmt.Errorf("write the column %s of Parquet: %w", c, err)
		}
	}
	if err := rows.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	w.pending, w.runs = emptied(w.pending), w.runs[:0]
	return nil
}

// emptied keeps the memory of columns.
func emptied(c *market.Candles) *market.Candles {
	return &market.Candles{
		TS: c.TS[:0], Open: c.Open[:0], High: c.High[:0], Low: c.Low[:0], Close: c.Close[:0], Volume: c.Volume[:0], Flags: c.Flags[:0],
	}
}

// begin opens the file when its first bars are known, which decide how prices are encoded.
func (w *parquetWriter) begin() error {
	if w.file != nil {
		return nil
	}
	var fields schema.FieldList
	for _, c := range w.o.Columns {
		fields = append(fields, parquetNode(c))
	}
	var err error
	w.file, err = openParquet(w.to, fields, w.properties(), w.o.named())
	return err
}

// openParquet begins a file.
func openParquet(to io.Writer, fields schema.FieldList, p *parquet.WriterProperties, about About) (*file.Writer, error) {
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return nil, fmt.Errorf("the schema of Parquet: %w", err)
	}
	f, err := file.NewParquetWriterWithError(to, root, file.WithWriterProps(p))
	if err != nil {
		return nil, fmt.Errorf("write Parquet: %w", err)
	}
	return f, tell(f, about)
}

// tell writes facts into the footer.
func tell(f *file.Writer, about About) error {
	names, values, err := about.pairs()
	if err != nil {
		return err
	}
	for i := range names {
		if err := f.AppendKeyValueMetadata(names[i], values[i]); err != nil {
			return fmt.Errorf("write Parquet: %w", err)
		}
	}
	return nil
}

// closeParquet ends a file.
func closeParquet(f *file.Writer, about About) error {
	if err := tell(f, about); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the footer of Parquet: %w", err)
	}
	return nil
}

func parquetNode(c Column) schema.Node { return parquetNodeOf(string(c), c, c.nullable()) }

// parquetNodeOf is a column of the type of another one.
func parquetNodeOf(name string, c Column, optional bool) schema.Node {
	repetition := parquet.Repetitions.Required
	if optional {
		repetition = parquet.Repetitions.Optional
	}
	var logical schema.LogicalType = schema.NoLogicalType{}
	physical := parquet.Types.Double
	switch c {
	case Instrument, Timeframe:
		logical, physical = schema.StringLogicalType{}, parquet.Types.ByteArray
	case TS:
		logical, physical = schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64
	case Volume:
		physical = parquet.Types.Int64
	case Flags, BaseBars, BaseDue:
		logical, physical = schema.NewIntLogicalType(16, true), parquet.Types.Int32
	}
	return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, repetition, logical, physical, -1, -1))
}

// properties encode each column as it becomes smallest.
func (w *parquetWriter) properties() *parquet.WriterProperties {
	all := parquetProperties()
	plain := smallerPlain(w.pending.Close[:min(judged, w.pending.Len())])
	for _, c := range w.o.Columns {
		all = append(all, encodings(string(c), c, plain)...)
	}
	return parquet.NewWriterProperties(all...)
}

// parquetProperties are those of all files.
func parquetProperties() []parquet.WriterProperty {
	return []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1), parquet.WithCreatedBy("barkeep"),
		parquet.WithBatchSize(rowGroup), parquet.WithDataPageSize(256 << 10),
	}
}

// encodings are those of a column by its name; plain tells that prices become smaller without a dictionary.
func encodings(name string, c Column, plain bool) []parquet.WriterProperty {
	switch c {
	case TS, Volume:
		return encoded(name, parquet.Encodings.DeltaBinaryPacked)
	case Open, High, Low, Close:
		if plain {
			return encoded(name, parquet.Encodings.Plain)
		}
	}
	return nil
}

// encoded makes a column one without a dictionary.
func encoded(name string, as parquet.Encoding) []parquet.WriterProperty {
	return []parquet.WriterProperty{parquet.WithDictionaryFor(name, false), parquet.WithEncodingFor(name, as)}
}

func priceColumn(c Column, bars *market.Candles) []float64 {
	switch c {
	case Open:
		return bars.Open
	case High:
		return bars.High
	case Low:
		return bars.Low
	default:
		return bars.Close
	}
}

// column writes a column of the pending bars.
func (w *parquetWriter) column(to file.ColumnChunkWriter, c Column) (err error) {
	bars := w.pending
	switch to := to.(type) {
	case *file.Float64ColumnChunkWriter:
		_, err = to.WriteBatch(priceColumn(c, bars), nil, nil)
	case *file.Int64ColumnChunkWriter:
		w.longs, w.levels = w.longs[:0], w.levels[:0]
		if c == TS {
			for _, ts := range bars.TS {
				w.longs = append(w.longs, ts*millis)
			}
			_, err = to.WriteBatch(w.longs, nil, nil)
			break
		}
		for _, v := range bars.Volume {
			known := v != market.NoVolume
			w.level(known)
			if known {
				w.longs = append(w.longs, v)
			}
		}
		_, err = to.WriteBatch(w.longs, w.levels, nil)
	case *file.Int32ColumnChunkWriter:
		w.ints, w.levels = w.ints[:0], w.levels[:0]
		for i := range bars.Len() {
			value, known := smallValue(c, bars, i)
			w.level(known)
			if known {
				w.ints = append(w.ints, int32(value))
			}
		}
		levels := w.levels
		if !c.nullable() {
			levels = nil
		}
		_, err = to.WriteBatch(w.ints, levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		w.names = w.names[:0]
		for _, r := range w.runs {
			name := r.series.Instrument
			if c == Timeframe {
				name = string(r.series.Timeframe)
			}
			w.names = append(w.names, slices.Repeat([]parquet.ByteArray{parquet.ByteArray(name)}, r.bars)...)
		}
		_, err = to.WriteBatch(w.names, nil, nil)
	}
	return err
}

// level notes whether a value is known.
func (s *scratch) level(known bool) {
	var level int16
	if known {
		level = 1
	}
	s.levels = append(s.levels, level)
}

// millis turns Unix seconds into milliseconds.
const millis = 1000

// Close writes the bars that are left, and the footer.
func (w *parquetWriter) Close(about About) error {
	if err := w.begin(); err != nil {
		return err
	}
	if w.pending.Len() > 0 {
		if err := w.group(); err != nil {
			return err
		}
	}
	return closeParquet(w.file, about)
}
