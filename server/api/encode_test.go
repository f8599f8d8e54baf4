package api_test

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/server/servertest"
)

// page is a page of bars as encoding/json writes it.
type page struct {
	Instrument string       `json:"instrument"`
	Timeframe  string       `json:"timeframe"`
	Count      int          `json:"count"`
	Next       *string      `json:"next"`
	Complete   any          `json:"complete"`
	Candles    []pageCandle `json:"candles"`
}

type pageCandle struct {
	TS     string   `json:"ts"`
	Open   float64  `json:"open"`
	High   float64  `json:"high"`
	Low    float64  `json:"low"`
	Close  float64  `json:"close"`
	Volume *int64   `json:"volume"`
	Flags  []string `json:"flags,omitempty"`
	Bars   *int     `json:"base_bars,omitempty"`
	Due    *int     `json:"base_due,omitempty"`
}

// TestCandlesAreWrittenAsEncodingJSONWritesThem: reading a page and writing it again with the library gives the same bytes,
// and the values are those of the bars.
func TestCandlesAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	t.Parallel()
	decimal := rapid.Custom(func(r *rapid.T) float64 {
		return float64(rapid.Int64Range(-2e15, 2e15).Draw(r, "digits")) / rapid.SampledFrom([]float64{1, 10, 100, 1e4, 1e5}).Draw(r, "scale")
	})
	price := rapid.OneOf(decimal, rapid.Float64(), rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{
		0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e-7, -1e-9, 1e-10, 1e20, 1e21, 1.5e21, -3e22, 1e100, 5e-324, math.MaxFloat64,
		-37.630001068115234, 0.1,
	}))
	b := servertest.New(t)
	rapid.Check(t, func(r *rapid.T) {
		b.Archive.Version++
		name := rapid.SampledFrom([]string{"ES", "^GSPC", "BRK-B", "BTC-USD"}).Draw(r, "instrument")
		bars, first := market.NewCandles(0), rapid.Int64Range(-1e10, 1e10).Draw(r, "first")
		for i := range rapid.IntRange(1, 8).Draw(r, "bars") {
			bars.Append(market.Candle{
				Start: time.Unix(first+int64(i)*60, 0).UTC(),
				Open:  price.Draw(r, "open"), High: price.Draw(r, "high"), Low: price.Draw(r, "low"), Close: price.Draw(r, "close"),
				Volume: rapid.Int64Min(-1).Draw(r, "volume"), Flags: market.Flag(rapid.IntRange(0, 31).Draw(r, "flags")),
				Parts: market.PartsOf(rapid.IntRange(0, 2).Draw(r, "have"), rapid.SampledFrom([]int{0, 2, 200}).Draw(r, "due")),
			})
		}
		b.Archive.Series[market.Series{Instrument: name, Timeframe: market.M1}] = bars
		a := b.Get(t, "/api/v1/candles?timeframe=1m&from=0001-01-01&limit=3&instrument="+escaped(name))
		got := servertest.Decode[page](t, a, http.StatusOK)
		_, whole, _ := strings.Cut(a.Body, `"complete":`)
		complete, _, _ := strings.Cut(whole, `,"candles":`)
		got.Complete = json.RawMessage(complete)
		text, err := json.Marshal(got)
		if err != nil {
			r.Fatal(err)
		}
		if a.Body != string(text)+"\n" {
			r.Fatalf("%s is written as\n%s\nwant\n%s", name, a.Body, text)
		}
		for i, c := range got.Candles {
			b := bars.At(i)
			if c.Open != b.Open || c.High != b.High || c.Low != b.Low || c.Close != b.Close ||
				(c.Volume == nil) != (b.Volume == market.NoVolume) || (c.Volume != nil && *c.Volume != b.Volume) ||
				(c.Bars == nil) != (b.Parts == 0) || (c.Bars != nil && *c.Bars != b.Parts.Have()) ||
				(c.Due == nil) != (b.Parts.Due() == 0) || (c.Due != nil && *c.Due != b.Parts.Due()) {
				r.Fatalf("bar %d is written as %+v, want %+v", i, c, b)
			}
		}
	})
}
