package format_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet/file"
	"pgregory.net/rapid"

	"barkeep/format"
	"barkeep/market"
)

// sideBySide writes bars of several series, in as many spans of time as there are cuts and one more.
func sideBySide(t interface{ Fatal(...any) }, kind format.Kind, o format.Options, names []string, all []*market.Candles, cuts []int64) []byte {
	var out bytes.Buffer
	var series []market.Series
	for _, name := range names {
		series = append(series, market.Series{Instrument: name, Timeframe: market.M1})
	}
	w, err := format.NewWide(kind, &out, o, series)
	if err != nil {
		t.Fatal(err)
	}
	from := int64(math.MinInt64)
	for _, to := range append(slices.Clone(cuts), math.MaxInt64) {
		span := make([]*market.Candles, len(all))
		for i, bars := range all {
			a, _ := slices.BinarySearch(bars.TS, from)
			b, _ := slices.BinarySearch(bars.TS, to)
			span[i] = bars.Slice(a, max(a, b))
		}
		if err := w.Write(span); err != nil {
			t.Fatal(err)
		}
		from = to
	}
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// cells are the values of a wide answer: by start and column, as text; of prices and counts that are not there nothing.
type cells map[string]string

func (c cells) put(start int64, column, value string) { c[fmt.Sprint(start, " ", column)] = value }

// price is a price as text, to its last bit.
func priceText(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// expectedCells are those that the bars have.
func expectedCells(names []string, all []*market.Candles) cells {
	c := cells{}
	for k, bars := range all {
		for i, ts := range bars.TS {
			c.put(ts, "ts", "")
			b, name := bars.At(i), names[k]+"."
			for column, price := range map[string]float64{"open": b.Open, "high": b.High, "low": b.Low, "close": b.Close} {
				c.put(ts, name+column, priceText(price))
			}
			if b.Volume != market.NoVolume {
				c.put(ts, name+"volume", fmt.Sprint(b.Volume))
			}
			c.put(ts, name+"flags", fmt.Sprint(b.Flags))
			if b.Parts != 0 {
				c.put(ts, name+"base_bars", fmt.Sprint(b.Parts.Have()))
			}
			if b.Parts.Due() > 0 {
				c.put(ts, name+"base_due", fmt.Sprint(b.Parts.Due()))
			}
		}
	}
	return c
}

// wideTable reads Arrow or Parquet by Apache's own library, and returns the metadata and the rows of each batch or group, too.
func wideTable(t interface{ Fatal(...any) }, kind format.Kind, text []byte) (c cells, about func(string) string, rows []int64) {
	if kind == format.Parquet {
		return wideParquet(t, text)
	}
	c = cells{}
	in, err := ipc.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for in.Next() {
		r := in.RecordBatch()
		rows = append(rows, r.NumRows())
		starts := r.Column(0).(*array.Timestamp) //nolint:errcheck,forcetypeassert // a test
		for i := range int(r.NumRows()) {
			ts := int64(starts.Value(i))
			c.put(ts, r.ColumnName(0), "")
			for k := 1; k < int(r.NumCols()); k++ {
				switch column := r.Column(k).(type) {
				case *array.Float64:
					if column.IsValid(i) {
						c.put(ts, r.ColumnName(k), priceText(column.Value(i)))
					}
				case *array.Int64:
					if column.IsValid(i) {
						c.put(ts, r.ColumnName(k), fmt.Sprint(column.Value(i)))
					}
				case *array.Int16:
					if column.IsValid(i) {
						c.put(ts, r.ColumnName(k), fmt.Sprint(column.Value(i)))
					}
				default:
					t.Fatal(fmt.Sprintf("%s is %T", r.ColumnName(k), column))
				}
			}
		}
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return c, func(name string) string {
		value, _ := in.Schema().Metadata().GetValue(name)
		return value
	}, rows
}

func wideParquet(t interface{ Fatal(...any) }, text []byte) (c cells, about func(string) string, rows []int64) {
	c = cells{}
	f, err := file.NewParquetReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for g := range f.NumRowGroups() {
		group := f.RowGroup(g)
		n := group.NumRows()
		rows = append(rows, n)
		var starts []int64
		for k := range f.MetaData().Schema.NumColumns() {
			column, err := group.Column(k)
			if err != nil {
				t.Fatal(err)
			}
			name, levels := f.MetaData().Schema.Column(k).Name(), make([]int16, n)
			var values []string
			switch column := column.(type) {
			case *file.Int64ColumnChunkReader:
				if k == 0 {
					levels = nil
				}
				numbers := whole(t, n, levels, column.ReadBatch)
				if k == 0 {
					for i := range numbers {
						starts = append(starts, numbers[i]/1000)
						c.put(starts[i], name, "")
					}
					continue
				}
				for _, v := range numbers {
					values = append(values, fmt.Sprint(v))
				}
			case *file.Int32ColumnChunkReader:
				for _, v := range whole(t, n, levels, column.ReadBatch) {
					values = append(values, fmt.Sprint(v))
				}
			case *file.Float64ColumnChunkReader:
				for _, v := range whole(t, n, levels, column.ReadBatch) {
					values = append(values, priceText(v))
				}
			}
			for i, level := range levels {
				if level > 0 {
					c.put(starts[i], name, values[0])
					values = values[1:]
				}
			}
			if len(values) > 0 {
				t.Fatal(fmt.Sprintf("%s has %d values too many", name, len(values)))
			}
		}
	}
	return c, func(name string) string {
		if value := f.MetaData().KeyValueMetadata().FindValue(name); value != nil {
			return *value
		}
		return ""
	}, rows
}

// whole reads a column of a row group.
func whole[T any](t interface{ Fatal(...any) }, n int64, levels []int16, read func(int64, []T, []int16, []int16) (int64, int, error)) []T {
	values, got, done := make([]T, n), 0, int64(0)
	for done < n {
		var into []int16
		if levels != nil {
			into = levels[done:]
		}
		some, known, err := read(n-done, values[got:], into, nil)
		if err != nil || some == 0 {
			t.Fatal(fmt.Sprintf("%d of %d rows: %v", done, n, err))
		}
		done, got = done+some, got+known
	}
	return values[:got]
}

// wideText reads CSV or JSON.
func wideText(t interface{ Fatal(...any) }, kind format.Kind, text []byte) cells {
	c := cells{}
	if kind == format.CSV {
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			ts, err := strconv.ParseInt(row[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			c.put(ts, "ts", "")
			for k, value := range row[1:] {
				name := rows[0][k+1]
				_, column, _ := strings.Cut(name, ".")
				there := row[1+slices.Index(rows[0][1:], strings.TrimSuffix(name, column)+"open")] != ""
				if c.value(ts, name, column, value); column == "flags" && there {
					flags, err := format.ParseFlags(strings.FieldsFunc(value, func(r rune) bool { return r == '|' }))
					if err != nil {
						t.Fatal(err)
					}
					c.put(ts, name, fmt.Sprint(flags))
				}
			}
		}
		return c
	}
	var page struct{ Candles []map[string]json.RawMessage }
	if err := json.Unmarshal(text, &page); err != nil {
		t.Fatal(fmt.Sprintf("%v in %s", err, text))
	}
	for _, row := range page.Candles {
		ts, err := strconv.ParseInt(string(row["ts"]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c.put(ts, "ts", "")
		for name, raw := range row {
			if name == "ts" {
				continue
			}
			var bar map[string]any
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			if err := d.Decode(&bar); err != nil {
				t.Fatal(err)
			}
			c.put(ts, name+".flags", "0")
			for column, value := range bar {
				if list, ok := value.([]any); ok {
					var words []string
					for _, word := range list {
						words = append(words, fmt.Sprint(word))
					}
					flags, err := format.ParseFlags(words)
					if err != nil {
						t.Fatal(err)
					}
					c.put(ts, name+".flags", fmt.Sprint(flags))
				} else if value != nil {
					c.value(ts, name+"."+column, column, fmt.Sprint(value))
				}
			}
		}
	}
	return c
}

// value puts a value that is there.
func (c cells) value(ts int64, name, column, text string) {
	if text == "" || column == "flags" {
		return
	}
	if slices.Contains([]string{"open", "high", "low", "close"}, column) {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			text = priceText(f)
		}
	}
	c.put(ts, name, text)
}

func sameCells(got, want cells) string {
	for key, value := range want {
		if got[key] != value {
			return fmt.Sprintf("%s is %q, want %q", key, got[key], value)
		}
	}
	for key, value := range got {
		if _, wanted := want[key]; !wanted {
			return fmt.Sprintf("%s is %q, and should not be there", key, value)
		}
	}
	return ""
}

// TestSideBySide: whatever bars several series have, in however many spans they come, every kind has each of them at its start, to
// the last bit, and nothing where a series has none.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		names := []string{"ES", "NQ=F", `A"B,C`, "^X"}[:rapid.IntRange(1, 4).Draw(r, "series")]
		derived := rapid.Bool().Draw(r, "derived")
		var all []*market.Candles
		for range names {
			bars := drawn(r, 12, derived)
			for i := range bars.TS { // so that some start together
				bars.TS[i] = 1_700_000_000 + int64(i)*60*rapid.Int64Range(1, 2).Draw(r, "step")
			}
			slices.Sort(bars.TS)
			bars.TS = slices.Compact(bars.TS)
			all = append(all, bars.Slice(0, len(bars.TS)))
		}
		cuts := rapid.SliceOfN(rapid.Int64Range(1_700_000_000, 1_700_001_000), 0, 3).Draw(r, "cuts")
		slices.Sort(cuts)
		want := expectedCells(names, all)
		o := format.Options{Derived: derived, Unix: true, About: format.About{{Name: "more", Value: []string{"x"}}}}
		for _, kind := range []format.Kind{format.CSV, format.JSON, format.Arrow, format.Parquet} {
			if kind == format.JSON {
				o.Columns = format.ColumnsOf(true, false)
			}
			text := sideBySide(r, kind, o, names, all, cuts)
			var got cells
			if kind == format.CSV || kind == format.JSON {
				got = wideText(r, kind, text)
			} else {
				var about func(string) string
				if got, about, _ = wideTable(r, kind, text); about("barkeep.layout") != "wide" || about("barkeep.more") != `["x"]` {
					r.Fatalf("%s: the metadata are %q and %q", kind, about("barkeep.layout"), about("barkeep.more"))
				}
			}
			if wrong := sameCells(got, want); wrong != "" {
				r.Fatalf("%s: %s", kind, wrong)
			}
			if kind == format.JSON {
				o.Columns = nil
			}
			if _, _, err := read(kind, text); err == nil {
				r.Fatalf("%s side by side is read as if it were bars of one series", kind)
			}
		}
	})
}

// TestSideBySideOfMany: however many series there are, and however few starts they share, no batch and no group holds more values
// than a few.
func TestSideBySideOfMany(t *testing.T) {
	t.Parallel()
	const series, bars = 100, 200
	var names []string
	var all []*market.Candles
	for k := range series {
		names = append(names, fmt.Sprintf("S%d", k))
		one := market.NewCandles(bars)
		for i := range bars {
			one.Append(market.Candle{Start: time.Unix(int64(i*series+k)*60, 0), Open: 1, High: 2, Low: 1, Close: float64(k), Volume: int64(i)})
		}
		all = append(all, one)
	}
	for kind, most := range map[format.Kind]int64{format.Arrow: 1 << 20, format.Parquet: 1 << 21} {
		text := sideBySide(t, kind, format.Options{}, names, all, nil)
		got, _, rows := wideTable(t, kind, text)
		var sum int64
		for _, n := range rows {
			if sum += n; n*series*6 > most {
				t.Errorf("%s: %d rows at once are %d values", kind, n, n*series*6)
			}
		}
		if wrong := sameCells(got, expectedCells(names, all)); wrong != "" || sum != series*bars || len(rows) < 5 {
			t.Errorf("%s: %d rows in %d batches, want %d; %s", kind, sum, len(rows), series*bars, wrong)
		}
	}
}

// TestSideBySideRefuses what cannot be told apart, and kinds without such a form.
func TestSideBySideRefuses(t *testing.T) {
	t.Parallel()
	es, nq := es1m(), market.Series{Instrument: "NQ", Timeframe: market.M1}
	for name, c := range map[string]struct {
		kind   format.Kind
		o      format.Options
		series []market.Series
	}{
		"twice":      {format.CSV, format.Options{}, []market.Series{es, nq, es}},
		"no column":  {format.Arrow, format.Options{Columns: []format.Column{"clos"}}, []market.Series{es, nq}},
		"no kind":    {"xlsx", format.Options{}, []market.Series{es, nq}},
		"columns":    {format.JSONColumns, format.Options{}, []market.Series{es, nq}},
		"not a fact": {format.Parquet, format.Options{About: format.About{{Name: "x", Value: func() {}}}}, []market.Series{es, nq}},
	} {
		if _, err := format.NewWide(c.kind, &bytes.Buffer{}, c.o, c.series); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
