package format

import (
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// smallerSplit tells whether prices become smaller split by their bytes, as those of futures do, than by a dictionary, as those do
// that a source passed on as float32. It tries both.
func smallerSplit(prices []float64) bool {
	split := sizeOf(prices, parquet.WithDictionaryDefault(false), parquet.WithEncoding(parquet.Encodings.ByteStreamSplit))
	return split <= sizeOf(prices, parquet.WithDictionaryDefault(true))
}

// counter counts bytes.
type counter int64

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// sizeOf is how many bytes a file of one column has.
func sizeOf(prices []float64, as ...parquet.WriterProperty) (size counter) {
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required,
		schema.FieldList{schema.NewFloat64Node("price", parquet.Repetitions.Required, -1)}, -1)
	if err != nil {
		return 0
	}
	as = append(as, parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1))
	w := file.NewParquetWriter(struct{ io.Writer }{&size}, root, file.WithWriterProps(parquet.NewWriterProperties(as...)))
	rows, err := w.AppendRowGroupChecked()
	if err != nil {
		return 0
	}
	if column, err := rows.NextColumn(); err == nil {
		if column, ok := column.(*file.Float64ColumnChunkWriter); ok {
			_, _ = column.WriteBatch(prices, nil, nil) // counting never fails
		}
	}
	_ = w.Close()
	return size
}
