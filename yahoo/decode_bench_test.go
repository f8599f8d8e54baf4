package yahoo_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"barkeep/yahoo"
)

// plainChart is what one would write first with encoding/json: the yardstick of the ratio.
type plainChart struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Symbol               string  `json:"symbol"`
				ExchangeTimezoneName string  `json:"exchangeTimezoneName"`
				RegularMarketTime    int64   `json:"regularMarketTime"`
				RegularMarketPrice   float64 `json:"regularMarketPrice"`
			} `json:"meta"`
			Timestamp  []int64 `json:"timestamp"`
			Indicators struct {
				Quote []struct {
					Open   []*float64 `json:"open"`
					High   []*float64 `json:"high"`
					Low    []*float64 `json:"low"`
					Close  []*float64 `json:"close"`
					Volume []*int64   `json:"volume"`
				} `json:"quote"`
			} `json:"indicators"`
		} `json:"result"`
		Error *struct{ Code, Description string } `json:"error"`
	} `json:"chart"`
}

// wideBody is a body of n 5m bars as the provider prints them: prices are float32 widened to float64, every fifth row
// is null. With step 0 prices have all 17 digits (an equity), otherwise they are multiples of it (a future).
func wideBody(n int, step float64) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	price := func() string {
		p := 4500 + 300*random.Float64()
		if step > 0 {
			p = float64(int(p/step)) * step
		}
		return fmt.Sprint(float64(float32(p)))
	}
	columns := make([]strings.Builder, 6)
	for i := range n {
		fmt.Fprintf(&columns[0], "%d,", 1700569800+300*i)
		for c := 1; c < 6; c++ {
			switch {
			case i%5 == 4:
				columns[c].WriteString("null,")
			case c == 5:
				fmt.Fprintf(&columns[c], "%d,", random.IntN(20000))
			default:
				columns[c].WriteString(price() + ",")
			}
		}
	}
	list := func(i int) string { return "[" + strings.TrimSuffix(columns[i].String(), ",") + "]" }
	return []byte(result(`"meta":{"symbol":"ES=F","exchangeTimezoneName":"America/New_York","regularMarketTime":1700569848},` +
		`"timestamp":` + list(0) + `,"indicators":{"quote":[{"open":` + list(1) + `,"high":` + list(2) + `,"low":` + list(3) +
		`,"close":` + list(4) + `,"volume":` + list(5) + `}]}`))
}

// BenchmarkDecode measures both decoders in the same run; "x-encoding/json" is how many times faster Decode is.
func BenchmarkDecode(b *testing.B) {
	for name, step := range map[string]float64{"futures": 0.25, "equity": 0} {
		body, plain := wideBody(16000, step), 0.0
		perOp := func(b *testing.B) float64 { return float64(b.Elapsed().Nanoseconds()) / float64(b.N) }
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var chart plainChart
				if err := json.Unmarshal(body, &chart); err != nil {
					b.Fatal(err)
				}
			}
			plain = perOp(b)
		})
		b.Run(name+"/columns", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := yahoo.Decode(body); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(plain/perOp(b), "x-encoding/json")
		})
	}
}
