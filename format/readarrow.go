package format

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"barkeep/market"
)

// endWatch notes whether more was read than there is. A whole stream says where it ends; the library takes the end of the file
// for the end of the stream, too.
type endWatch struct {
	io.Reader
	beyond bool
}

// Read notes it.
func (w *endWatch) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.beyond = w.beyond || n == 0 && errors.Is(err, io.EOF)
	return n, err
}

func readArrow(from File, contents *Contents, visit Visit) error {
	size, err := from.Seek(0, io.SeekEnd)
	if err == nil {
		err = checkHead(from, size)
	}
	if err == nil {
		_, err = from.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	watch := &endWatch{Reader: from}
	// ipc.NewReader knows no limits.
	messages := ipc.NewMessageReader(watch, ipc.WithMetadataSizeLimit(mostHead), ipc.WithBodySizeLimit(size))
	in, err := ipc.NewReaderFromMessageReader(messages)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	defer in.Release()
	var names []string
	for _, f := range in.Schema().Fields() {
		names = append(names, f.Name)
	}
	if contents.Columns, err = readable(names); err != nil {
		return err
	}
	for i, c := range contents.Columns {
		if has := in.Schema().Field(i).Type; !arrow.TypeEqual(has, arrowType(c)) {
			return fmt.Errorf("%w: column %s is %s, expected %s", ErrForeign, c, has, arrowType(c))
		}
	}
	about := in.Schema().Metadata()
	contents.About = factsOf(about.Keys(), about.Values())
	for in.Next() {
		if err := readBatchOf(in.RecordBatch(), contents, visit); err != nil {
			return err
		}
	}
	switch {
	case in.Err() != nil:
		return fmt.Errorf("read Arrow: %w", in.Err())
	case watch.beyond:
		return errShort
	}
	return nil
}

// factsOf are the facts among the metadata of a file.
func factsOf(names, values []string) map[string]string {
	about := map[string]string{}
	for i, name := range names {
		if fact, ours := strings.CutPrefix(name, factPrefix); ours {
			about[fact] = values[i]
		}
	}
	return about
}

func readBatchOf(batch arrow.RecordBatch, contents *Contents, visit Visit) error {
	names := map[Column][]string{}
	for i, c := range contents.Columns { // before there is room for as many bars as it says it has
		switch column := batch.Column(i); {
		case int64(column.Len()) != batch.NumRows():
			return fmt.Errorf("column %s has %d values, expected %d", c, column.Len(), batch.NumRows())
		case !c.nullable() && column.NullN() > 0:
			return fmt.Errorf("column %s: %d values are missing", c, column.NullN())
		}
	}
	bars := room(int(batch.NumRows()))
	for i, c := range contents.Columns {
		column := batch.Column(i)
		if err := readArrowColumn(c, column, bars, names); err != nil {
			return err
		}
	}
	return bySeries(contents.Series(), names[Instrument], names[Timeframe], bars, visit)
}

func readArrowColumn(c Column, column arrow.Array, bars *market.Candles, names map[Column][]string) error {
	switch column := column.(type) {
	case *array.String:
		all := make([]string, column.Len())
		for i := range all {
			all[i] = strings.Clone(column.Value(i))
		}
		names[c] = all
	case *array.Timestamp:
		for i := range bars.TS {
			bars.TS[i] = int64(column.Value(i))
		}
	case *array.Float64:
		copy(priceColumn(c, bars), column.Values())
	case *array.Int64:
		for i := range bars.Volume {
			if column.IsValid(i) {
				bars.Volume[i] = column.Value(i)
			}
		}
	case *array.Int16:
		for i := range bars.Flags {
			if column.IsNull(i) {
				continue
			}
			if err := setSmall(c, bars, i, int(column.Value(i))); err != nil {
				return err
			}
		}
	}
	return nil
}

// setSmall sets the flags of a bar, or a count of it.
func setSmall(c Column, bars *market.Candles, i, n int) error {
	if c == Flags {
		return setFlags(bars, i, n)
	}
	return setCount(bars, i, c, n)
}
