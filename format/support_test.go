package format_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"barkeep/format"
	"barkeep/market"
)

func es1m() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M1} }

// written are bars of series, in batches, as bytes.
func written(t testing.TB, kind format.Kind, o format.Options, about format.About, batches ...batch) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := format.New(kind, &out, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Write(b.series, b.bars); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(about); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type batch struct {
	series market.Series
	bars   *market.Candles
}

// read reads all of it, the batches of each series joined that follow one another.
func read(kind format.Kind, text []byte) (all []batch, contents format.Contents, err error) {
	contents, err = format.Read(kind, bytes.NewReader(text), func(series market.Series, bars *market.Candles) error {
		if n := len(all); n > 0 && all[n-1].series == series {
			all[n-1].bars.AppendAll(bars)
		} else {
			all = append(all, batch{series, bars.Clone()})
		}
		return nil
	})
	return all, contents, err
}

// differ says what differs between two bars to the last bit; empty for nothing.
func differ(got, want *market.Candles) string {
	if got.Len() != want.Len() {
		return fmt.Sprintf("%d bars, want %d", got.Len(), want.Len())
	}
	bits := math.Float64bits
	for i := range want.Len() {
		g, w := got.At(i), want.At(i)
		if !g.Start.Equal(w.Start) || bits(g.Open) != bits(w.Open) || bits(g.High) != bits(w.High) || bits(g.Low) != bits(w.Low) ||
			bits(g.Close) != bits(w.Close) || g.Volume != w.Volume || g.Flags != w.Flags || g.Parts != w.Parts {
			return fmt.Sprintf("bar %d is %+v, want %+v", i, g, w)
		}
	}
	return ""
}

// price draws what an archive may hold: every finite number.
func price() *rapid.Generator[float64] {
	decimal := rapid.Custom(func(r *rapid.T) float64 {
		return float64(rapid.Int64Range(-2e15, 2e15).Draw(r, "digits")) / rapid.SampledFrom([]float64{1, 10, 100, 1e4, 1e5}).Draw(r, "scale")
	})
	return rapid.OneOf(decimal, rapid.Float64(), rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{
		0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e-7, -1e-9, 1e20, 1e21, -3e22, 1e100, 5e-324, math.MaxFloat64, -math.MaxFloat64,
		-37.630001068115234, 0.1,
	}))
}

// drawn draws bars of a series in order; derived ones have parts.
func drawn(r *rapid.T, most int, derived bool) *market.Candles {
	bars := market.NewCandles(0)
	n := rapid.IntRange(0, most).Draw(r, "bars")
	ts := rapid.SampledFrom([]int64{market.FirstTS, -1, 0, 1_700_000_000, market.LastTS - int64(n)*200_000}).Draw(r, "first")
	for range n {
		b := market.Candle{
			Open: price().Draw(r, "open"), High: price().Draw(r, "high"), Low: price().Draw(r, "low"), Close: price().Draw(r, "close"),
			Volume: rapid.OneOf(rapid.Just(market.NoVolume), rapid.Int64Min(0)).Draw(r, "volume"),
			Flags:  market.Flag(rapid.IntRange(0, 255).Draw(r, "flags")),
		}
		if derived {
			b.Parts = market.PartsOf(rapid.IntRange(0, 255).Draw(r, "have"), rapid.IntRange(0, 255).Draw(r, "due"))
		}
		b.Start = market.Window{}.From
		bars.Append(b)
		bars.TS[bars.Len()-1] = ts
		ts += rapid.Int64Range(1, 200_000).Draw(r, "step")
	}
	return bars
}
