package format

import (
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// smallerPlain tells whether prices become smaller as they are than by a dictionary: it tries both. Splitting them by their bytes
// would save a tenth more, but Spark's reader does not know that.
func smallerPlain(prices []float64) bool {
	return sizeOf(prices, parquet.WithDictionaryDefault(false)) <= sizeOf(prices, parquet.WithDictionaryDefault(true))
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
