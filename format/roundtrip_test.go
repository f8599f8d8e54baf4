package format_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/format"
	"barkeep/market"
)

// What is written is read back to the last bit, in every kind, from any batches: every flag, volumes that are not known, prices
// below zero and of any size, all years.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				derived := rapid.Bool().Draw(r, "derived")
				o := format.Options{Derived: derived, Series: es1m(), Unix: rapid.Bool().Draw(r, "unix")}
				bars := drawn(r, 20, derived)
				cut := rapid.IntRange(0, bars.Len()).Draw(r, "cut")
				text := written(t, kind, o, nil, batch{es1m(), bars.Slice(0, cut)}, batch{es1m(), bars.Slice(cut, bars.Len())})
				all, contents, err := read(kind, text)
				if err != nil {
					r.Fatal(err)
				}
				got := market.NewCandles(0)
				for _, b := range all {
					got.AppendAll(b.bars)
					if want := es1m(); kind != format.CSV && b.series != want {
						r.Fatalf("series %v, want %v", b.series, want)
					}
				}
				if wrong := differ(got, bars); wrong != "" || contents.Bars != int64(bars.Len()) {
					r.Fatalf("%s; %d bars are told", wrong, contents.Bars)
				}
			})
		})
	}
}

// Several series are read back from one file, by names that CSV has to quote, too.
func TestSeveralSeriesInOneFile(t *testing.T) {
	t.Parallel()
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				var batches, want []batch
				for _, name := range []string{"ES", "^GSPC", `A,"B`, "BRK/B"} {
					series := market.Series{Instrument: name, Timeframe: rapid.SampledFrom(market.Timeframes()).Draw(r, "timeframe")}
					b := batch{series, drawn(r, 5, true)}
					batches = append(batches, b)
					if b.bars.Len() > 0 {
						want = append(want, b)
					}
				}
				text := written(t, kind, format.Options{Columns: format.ColumnsOf(true, true)}, nil, batches...)
				got, _, err := read(kind, text)
				if err != nil || len(got) != len(want) {
					r.Fatalf("%d series, want %d: %v", len(got), len(want), err)
				}
				for i := range want {
					if wrong := differ(got[i].bars, want[i].bars); wrong != "" || got[i].series != want[i].series {
						r.Fatalf("%v, want %v: %s", got[i].series, want[i].series, wrong)
					}
				}
			})
		})
	}
}

// rows are bars as JSON has them.
type row struct {
	TS     json.RawMessage `json:"ts"`
	Open   float64         `json:"open"`
	High   float64         `json:"high"`
	Low    float64         `json:"low"`
	Close  float64         `json:"close"`
	Volume *int64          `json:"volume"`
	Flags  []string        `json:"flags"`
	Bars   *int            `json:"base_bars"`
	Due    *int            `json:"base_due"`
}

type columns struct {
	TS     []json.RawMessage `json:"ts"`
	Open   []float64         `json:"open"`
	High   []float64         `json:"high"`
	Low    []float64         `json:"low"`
	Close  []float64         `json:"close"`
	Volume []*int64          `json:"volume"`
	Flags  [][]string        `json:"flags"`
	Bars   []*int            `json:"base_bars"`
	Due    []*int            `json:"base_due"`
}

// JSON holds the same values, as rows and as columns.
func TestJSONHoldsTheBars(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		bars, unix := drawn(r, 8, true), rapid.Bool().Draw(r, "unix")
		o := format.Options{Derived: true, Series: es1m(), Unix: unix, About: format.About{{Name: "count", Value: bars.Len()}}}
		about := format.About{{Name: "digest", Value: "abc"}}
		var byRows struct {
			Instrument, Timeframe, Digest string
			Count                         int
			Candles                       []row
		}
		var byColumns struct {
			Instrument, Timeframe, Digest string
			Count                         int
			Candles                       columns
		}
		for kind, into := range map[format.Kind]any{format.JSON: &byRows, format.JSONColumns: &byColumns} {
			if err := json.Unmarshal(written(t, kind, o, about, batch{es1m(), bars}), into); err != nil {
				r.Fatal(kind, err)
			}
		}
		c := byColumns.Candles
		if byRows.Instrument != "ES" || byRows.Timeframe != "1m" || byRows.Digest != "abc" || byRows.Count != bars.Len() ||
			byColumns.Instrument != "ES" || byColumns.Digest != "abc" || byColumns.Count != bars.Len() ||
			len(byRows.Candles) != bars.Len() || len(c.TS) != bars.Len() {
			r.Fatalf("%+v\n%+v", byRows, byColumns)
		}
		for i, got := range byRows.Candles {
			same(r, got, bars.At(i), unix)
			if c.Flags[i] == nil {
				r.Fatal("no flags are [] in columns")
			}
			same(r, row{c.TS[i], c.Open[i], c.High[i], c.Low[i], c.Close[i], c.Volume[i], c.Flags[i], c.Bars[i], c.Due[i]}, bars.At(i), unix)
		}
	})
}

// same compares a row of JSON with its bar.
func same(r *rapid.T, got row, want market.Candle, unix bool) {
	start := fmt.Sprintf("%q", want.Start.Format(time.RFC3339))
	if unix {
		start = fmt.Sprint(want.Start.Unix())
	}
	var volume *int64
	if want.Volume != market.NoVolume {
		volume = &want.Volume
	}
	var bars, due *int
	if want.Parts != 0 {
		n := want.Parts.Have()
		bars = &n
	}
	if n := want.Parts.Due(); n > 0 {
		due = &n
	}
	is := row{json.RawMessage(start), want.Open, want.High, want.Low, want.Close, volume, format.FlagNames(want.Flags), bars, due}
	if len(got.Flags) == 0 {
		got.Flags = nil
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(is)
	if string(a) != string(b) {
		r.Fatalf("it is %s, want %s", a, b)
	}
}

// What is told of the bars is read back, whether it is known before them or after them.
func TestFactsAreReadBack(t *testing.T) {
	t.Parallel()
	for kind, late := range map[format.Kind]string{format.Arrow: "", format.Parquet: `{"expected":3}`} {
		o := format.Options{Series: es1m(), About: format.About{{Name: "adjust", Value: "split"}, {Name: "present", Value: 2}}}
		_, contents, err := read(kind, written(t, kind, o, format.About{{Name: "gaps", Value: map[string]int{"expected": 3}}}))
		if err != nil {
			t.Fatal(kind, err)
		}
		a := contents.About
		if a["adjust"] != "split" || a["present"] != "2" || a["gaps"] != late || contents.Series() != es1m() || a["format"] != "1" {
			t.Errorf("%s: it says %v", kind, a)
		}
	}
}
