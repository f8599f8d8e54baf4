package yahoo_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/yahoo"
)

// recordings is the folder of the provider's recorded answers; the test is skipped where there is none.
func recordings(tb testing.TB) string {
	tb.Helper()
	folder := os.Getenv("BARKEEP_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(folder); err != nil {
		tb.Skipf("no recordings of the provider at %s: set BARKEEP_RECORDINGS to their folder", folder)
	}
	return folder
}

// bodies are the files of one folder of the recordings, by name.
func bodies(tb testing.TB, folder string) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join(recordings(tb), folder))
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(recordings(tb), folder, e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		all[e.Name()] = body
	}
	if len(all) == 0 {
		tb.Fatalf("the recordings folder %s is empty", folder)
	}
	return all
}

// sameColumn compares prices bit for bit, NaN for NaN.
func sameColumn(name string, got, want []float64) error {
	if (got == nil) != (want == nil) || len(got) != len(want) {
		return fmt.Errorf("%s has %d values (nil %t), want %d (nil %t)", name, len(got), got == nil, len(want), want == nil)
	}
	for i := range got {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			return fmt.Errorf("%s row %d is %v, want %v", name, i, got[i], want[i])
		}
	}
	return nil
}

// sameChart compares everything two decodings hold.
func sameChart(got, want *yahoo.Chart) error {
	columns := []struct {
		name      string
		got, want []float64
	}{
		{"open", got.Open, want.Open}, {"high", got.High, want.High}, {"low", got.Low, want.Low}, {"close", got.Close, want.Close},
	}
	for _, c := range columns {
		if err := sameColumn(c.name, c.got, c.want); err != nil {
			return err
		}
	}
	withoutPrices := func(c *yahoo.Chart) yahoo.Chart {
		copied := *c
		copied.Open, copied.High, copied.Low, copied.Close = nil, nil, nil, nil
		return copied
	}
	if !reflect.DeepEqual(withoutPrices(got), withoutPrices(want)) {
		return fmt.Errorf("got %+v\nwant %+v", withoutPrices(got), withoutPrices(want))
	}
	return nil
}

// differ holds Decode against the reference on one body.
func differ(body []byte) error {
	got, err := yahoo.Decode(body)
	want, refErr := refDecode(body)
	if (err == nil) != (refErr == nil) {
		return fmt.Errorf("Decode says %w, encoding/json says %w", err, refErr)
	}
	if err != nil {
		return nil
	}
	return sameChart(got, want)
}

func TestDecodeRecordings(t *testing.T) {
	t.Parallel()
	rows := 0
	for _, folder := range []string{"chart", "chart-trimmed"} {
		for name, body := range bodies(t, folder) {
			if err := differ(body); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			chart, err := yahoo.Decode(body)
			if err != nil {
				if folder == "chart" {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			rows += chart.Len()
		}
	}
	if rows < 5000 {
		t.Errorf("all recordings together gave %d rows: too few to prove anything", rows)
	}
}

const smallBody = `{"chart":{"result":[{"meta":{"symbol":"ES=F","currency":"USD","exchangeName":"CME","instrumentType":"FUTURE","shortName":"E-Mini S&P 500 Dec 23",` +
	`"firstTradeDate":969249600,"regularMarketTime":1700569848,"gmtoffset":-18000,"exchangeTimezoneName":"America/New_York",` +
	`"regularMarketPrice":4557.25,"regularMarketDayHigh":4567.0,"regularMarketDayLow":4554.75,"regularMarketVolume":107319,` +
	`"currentTradingPeriod":{"pre":{"start":1,"end":2},"regular":{"timezone":"EST","start":1700542800,"end":1700629140}},` +
	`"dataGranularity":"5m","validRanges":["1d","max"]},"timestamp":[1700569500,1700569800,1700570100],` +
	`"events":{"dividends":{"1":{"amount":0.2,"date":1598880000}},"capitalGains":{"2":{"amount":1.5,"date":1598880001,"currency":"EUR"}},` +
	`"splits":{"1598880600":{"date":1598880600,"numerator":4,"denominator":1,"splitRatio":"4:1"}}},` +
	`"indicators":{"quote":[{"open":[4561.75,null,143.16000366210938],"high":[4567.0,null,-37.63],"low":[4554.75,null,1e-7],` +
	`"close":[4557.25,null,9007199254740993],"volume":[107319,null,0]}],"adjclose":[{"adjclose":[1,null,2.5e3]}]}}],"error":null}}`

func TestDecodeValues(t *testing.T) {
	t.Parallel()
	got, err := yahoo.Decode([]byte(smallBody))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := &yahoo.Chart{
		Meta: yahoo.Meta{
			Symbol: "ES=F", Currency: "USD", ExchangeName: "CME", InstrumentType: "FUTURE", ShortName: "E-Mini S&P 500 Dec 23",
			ExchangeTimezoneName: "America/New_York", DataGranularity: "5m", ValidRanges: []string{"1d", "max"}, FirstTradeDate: 969249600, RegularMarketTime: 1700569848,
			RegularMarketPrice: 4557.25, RegularMarketDayHigh: 4567, RegularMarketDayLow: 4554.75, RegularMarketVolume: 107319,
			TradingPeriod: yahoo.Period{Start: 1700542800, End: 1700629140},
		},
		TS:   []int64{1700569500, 1700569800, 1700570100},
		Open: []float64{4561.75, nan, 143.16000366210938}, High: []float64{4567, nan, -37.63},
		Low: []float64{4554.75, nan, 1e-7}, Close: []float64{4557.25, nan, 9007199254740992},
		Volume:       []int64{107319, yahoo.NullVolume, 0},
		Splits:       []yahoo.Split{{Date: 1598880600, Numerator: 4, Denominator: 1, Ratio: "4:1"}},
		Dividends:    []yahoo.Payment{{Date: 1598880000, Amount: 0.2}},
		CapitalGains: []yahoo.Payment{{Date: 1598880001, Amount: 1.5, Currency: "EUR"}},
	}
	if err := sameChart(got, want); err != nil {
		t.Error(err)
	}
	if !got.Full(0) || got.Full(1) || !got.Full(2) {
		t.Errorf("full rows are %t %t %t, want true false true", got.Full(0), got.Full(1), got.Full(2))
	}
}

// result wraps the members of one result into a body.
func result(members string) string { return `{"chart":{"result":[{` + members + `}],"error":null}}` }

func TestDecodeWithoutRows(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"closed window":             result(`"meta":{},"indicators":{"quote":[{}]}`),
		"no indicators":             result(`"meta":{}`),
		"no quote":                  result(`"indicators":{}`),
		"quote is empty":            result(`"indicators":{"quote":[]}`),
		"quote is null":             result(`"indicators":{"quote":[null]}`),
		"quotes without timestamps": result(`"indicators":{"quote":[{"open":[1,2],"volume":[3]}]}`),
		"null timestamps":           result(`"timestamp":null,"indicators":{"quote":[{"open":[1]}]}`),
		"no timestamps":             result(`"timestamp":[],"indicators":{"quote":[{"open":[]}]}`),
		"null result":               `{"chart":{"result":null,"error":null}}`,
		"empty result":              `{"chart":{"result":[]}}`,
		"null chart":                `{"chart":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chart, err := yahoo.Decode([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if chart.Len() != 0 {
				t.Errorf("%d rows, want none", chart.Len())
			}
			if err := differ([]byte(body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDecodeBroken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":                    ``,
		"HTML":                     `<html><body>Will be right back</body></html>`,
		"no chart":                 `{"quoteResponse":{}}`,
		"an array":                 `[]`,
		"truncated":                smallBody[:len(smallBody)/2],
		"one byte short":           smallBody[:len(smallBody)-1],
		"garbage behind":           smallBody + `x`,
		"two bodies":               smallBody + smallBody,
		"short column":             result(`"timestamp":[1,2],"indicators":{"quote":[{"open":[1]}]}`),
		"long volume":              result(`"timestamp":[1],"indicators":{"quote":[{"volume":[1,2]}]}`),
		"empty column":             result(`"timestamp":[1],"indicators":{"quote":[{"open":[]}]}`),
		"columns before no rows":   result(`"indicators":{"quote":[{"open":[1]}]},"timestamp":[]`),
		"price beyond float64":     result(`"timestamp":[1],"indicators":{"quote":[{"open":[1e999]}]}`),
		"volume beyond int64":      result(`"timestamp":[1],"indicators":{"quote":[{"volume":[9223372036854775808]}]}`),
		"a volume like our null":   result(`"timestamp":[1],"indicators":{"quote":[{"volume":[-9223372036854775808]}]}`),
		"half a contract":          result(`"timestamp":[1],"indicators":{"quote":[{"volume":[1.5]}]}`),
		"a price in quotes":        result(`"timestamp":[1],"indicators":{"quote":[{"open":["1"]}]}`),
		"NaN":                      result(`"timestamp":[1],"indicators":{"quote":[{"open":[NaN]}]}`),
		"null timestamp":           result(`"timestamp":[null]`),
		"timestamp in year 10000":  result(`"timestamp":[253402300800]`),
		"a number for a symbol":    result(`"meta":{"symbol":5}`),
		"invalid unknown member":   result(`"x":{"y":[1,2,}],"timestamp":[]`),
		"a sum for a price":        result(`"timestamp":[1],"indicators":{"quote":[{"open":[1+2]}]}`),
		"a difference":             result(`"timestamp":[1],"indicators":{"quote":[{"volume":[3-2]}]}`),
		"a sum in meta":            result(`"meta":{"regularMarketPrice":1+2}`),
		"true for a price":         result(`"timestamp":[1],"indicators":{"quote":[{"open":[true]}]}`),
		"an array for a price":     result(`"timestamp":[1],"indicators":{"quote":[{"open":[[1]]}]}`),
		"misspelt null":            result(`"timestamp":[1],"indicators":{"quote":[{"open":[nul1]}]}`),
		"only white space":         " \t\r\n",
		"leading zero":             result(`"timestamp":[01]`),
		"leading plus":             result(`"timestamp":[+1]`),
		"comma at the end":         result(`"timestamp":[1,]`),
		"control character":        result("\"x\":\"a\nb\""),
		"bad escape":               result(`"x":"\x"`),
		"bad unicode escape":       result(`"x":"\u12g4"`),
		"missing colon":            result(`"x" 1`),
		"byte order mark":          "\ufeff" + smallBody,
		"nested too deep":          result(`"x":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001)),
		"an object for timestamps": result(`"timestamp":{}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if chart, err := yahoo.Decode([]byte(body)); err == nil {
				t.Errorf("decoded to %+v, want an error", chart)
			}
			if err := differ([]byte(body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDecodeRepeatedMembers(t *testing.T) {
	t.Parallel()
	body := result(`"meta":{"symbol":"A","currency":"USD"},"timestamp":[1],"meta":{"symbol":"B"},"timestamp":[1,2],` +
		`"Timestamp":[7],"indicators":{"quote":[{"open":[5,6],"\u006fpen":[8,9]}]}`)
	got, err := yahoo.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := &yahoo.Chart{Meta: yahoo.Meta{Symbol: "B"}, TS: []int64{1, 2}, Open: []float64{8, 9}}
	if err := sameChart(got, want); err != nil {
		t.Errorf("the last member must hold, whole and in its exact name: %v", err)
	}
}

// TestDecodeNumbers: whatever way a number is written, the value is the one that encoding/json reads, bit for bit.
func TestDecodeNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?`),
			rapid.Map(rapid.Float64(), func(f float64) string { return fmt.Sprint(f) }),
			rapid.Map(rapid.Float32(), func(f float32) string { return fmt.Sprint(float64(f)) }),
			rapid.Map(rapid.Int64(), func(i int64) string { return fmt.Sprint(i) }),
		).Draw(t, "number")
		column := rapid.SampledFrom([]string{"open", "volume"}).Draw(t, "column")
		body := result(`"timestamp":[1],"indicators":{"quote":[{"` + column + `":[` + number + `]}]}`)
		if err := differ([]byte(body)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDecodeOddNumbers: those where an eager fast path goes wrong.
func TestDecodeOddNumbers(t *testing.T) {
	t.Parallel()
	for _, number := range []string{
		"18446744073709551616", "184467440737095516160", "0.18446744073709551616", "9007199254740993", "9007199254740992.5",
		"-0", "-0.0", "0e400", "1e22", "1e23", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "0.000001",
		"4999999999999999999.5", "9999999999999999999", "1E+2", "100000000000000000000000000000000000000000",
	} {
		for _, column := range []string{"open", "volume"} {
			body := result(`"timestamp":[1],"indicators":{"quote":[{"` + column + `":[` + number + `]}]}`)
			if err := differ([]byte(body)); err != nil {
				t.Errorf("%s %s: %v", column, number, err)
			}
		}
	}
}

// TestDecodeMutations breaks real bodies at random places and asks both decoders.
func TestDecodeMutations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(smallBody)
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
			piece := rapid.SampledFrom([]string{
				"", "null", "0", "-", "1e5", ".", ",", "[", "]", "{", "}", `"`, `\`, "\x00", "\xff", " ", "18446744073709551616",
				`"open":[1,2,3],`, `"timestamp":[1,2,3],`, `"meta":null,`,
			}).Draw(t, "piece")
			cut := min(len(body), i+rapid.IntRange(0, 3).Draw(t, "cut"))
			body = bytes.Join([][]byte{body[:i], []byte(piece), body[cut:]}, nil)
			if len(body) == 0 {
				return
			}
		}
		if err := differ(body); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(smallBody))
	for _, seed := range []string{
		`{}`, `{"chart":null}`, `{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}`,
		result(`"timestamp":[1,2],"indicators":{"quote":[{"open":[1,null],"volume":[1e3,25.0]}]}`),
		result(`"timestamp":[18446744073709551616],"meta":{"symbol":"\ud800\u0041\\"}`),
		result(`"events":{"splits":{"1":{"date":-0,"numerator":0e400,"denominator":1E+2},"2":null}}`),
		result("\"meta\":{\"symbol\":\"\xff\xfe\"}"), result(`"meta":{"shortName":"\ud800\ud800\udc00"},"timestamp":[1+2, 1]`),
		result(`"events":{"capitalGains":{"1":{"date": 1.0,"amount": -0.5}},"dividends":null}`),
		` { "chart" : { "result" : [ { "timestamp" : [ 1 , 2 ] , "indicators" : { "quote" : [ { "close" : [ 0.1 , 5e-324 ] } ] } } ] } } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := differ(body); err != nil {
			t.Fatal(err)
		}
	})
}
