package format

import (
	"encoding/json"
	"fmt"
	"io"

	"barkeep/market"
)

// Writer writes bars. It is for one goroutine. After an error nothing more can be written.
type Writer interface {
	// Write adds the next bars, which are of one series, and keeps none of their memory.
	Write(series market.Series, bars *market.Candles) error
	// Close completes what was written, and tells what was not known before: in Parquet's footer, and at the end of a JSON object.
	// CSV and Arrow's stream have no room for it. What lies below is the caller's to close.
	Close(about About) error
}

// Options say what is written.
type Options struct {
	// Columns are which, in which order. None for ColumnsOf(Derived, false); JSON leaves out flags and counts that are empty.
	Columns []Column
	Derived bool // a derived series has two columns more, unless Columns says otherwise
	// Unix writes starts in CSV and JSON as Unix seconds, and not as RFC 3339 in UTC. Arrow and Parquet have a type for them.
	Unix bool
	// Series is of which series all bars are; the zero Series where there are several.
	Series market.Series
	// About is told before the bars: in the schema of Arrow, the footer of Parquet and the head of a JSON object.
	About About
}

// About are facts about the bars of a file, in order.
type About []Fact

// Fact is one of them. Its value is anything that encoding/json can write. Arrow and Parquet keep a string as it is, anything
// else as JSON.
type Fact struct {
	Name  string
	Value any
}

// factPrefix begins the names of facts in Arrow and Parquet, which keep those of other programs too.
const factPrefix = "barkeep."

// pairs are the facts as Arrow and Parquet keep them.
func (a About) pairs() (names, values []string, err error) {
	for _, f := range a {
		value, isText := f.Value.(string)
		if !isText {
			text, err := json.Marshal(f.Value)
			if err != nil {
				return nil, nil, fmt.Errorf("what is told of the bars, %s: %w", f.Name, err)
			}
			value = string(text)
		}
		names, values = append(names, factPrefix+f.Name), append(values, value)
	}
	return names, values, nil
}

// FlagBits tells what the numbers of the column flags stand for in Arrow and Parquet.
const FlagBits = "outside=1 negative=2 off_tick=4 incomplete=8 off_session=16 impossible=32"

// named are the facts of a file that names its own series, and what the numbers of its flags stand for.
func (o *Options) named() About {
	about := About{{"format", "1"}, {"flags", FlagBits}}
	if o.Series != (market.Series{}) {
		about = append(about, Fact{"instrument", o.Series.Instrument}, Fact{"timeframe", string(o.Series.Timeframe)})
	}
	return append(about, o.About...)
}

// New begins to write bars of a kind. What can be known before the first bar is written at once. An error tells of options that
// make no sense, or is that of writing.
func New(kind Kind, to io.Writer, o Options) (Writer, error) {
	if len(o.Columns) == 0 {
		o.Columns = ColumnsOf(o.Derived || kind == JSON, false)
	}
	if err := checkColumns(o.Columns); err != nil {
		return nil, err
	}
	switch kind {
	case CSV:
		return newCSV(to, o)
	case JSON:
		return newJSON(to, o)
	case JSONColumns:
		return &jsonColumns{to: to, o: o}, nil
	case Arrow:
		return newArrow(to, o)
	case Parquet:
		return newParquet(to, o)
	}
	_, err := ParseKind(string(kind))
	return nil, err
}

// textBuffer is after how many bytes text is given away.
const textBuffer = 64 << 10

// text gathers text.
type text struct {
	to  io.Writer
	buf []byte
}

// give gives away what was gathered, if it is much.
func (t *text) give() error {
	if len(t.buf) < textBuffer {
		return nil
	}
	return t.flush()
}

func (t *text) flush() error {
	_, err := t.to.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}
