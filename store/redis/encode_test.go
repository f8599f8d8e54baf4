package redis_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store/redis"
)

func TestEncodingIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, ts := market.NewCandles(0), rapid.Int64Range(-1e11, 1e11).Draw(t, "start")
		price := rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) })
		for range rapid.IntRange(1, 20).Draw(t, "bars") {
			c.Append(market.Candle{
				Start: time.Unix(ts, 0), Open: price.Draw(t, "open"), High: price.Draw(t, "high"), Low: price.Draw(t, "low"),
				Close: price.Draw(t, "close"), Volume: rapid.Int64Min(market.NoVolume).Draw(t, "volume"),
				Flags: market.Flag(rapid.Uint8().Draw(t, "flags")),
				Parts: market.Parts(rapid.OneOf(rapid.Just[int16](0), rapid.Int16()).Draw(t, "parts")),
			})
			ts += rapid.Int64Range(1, 1e6).Draw(t, "step")
		}
		n := rapid.IntRange(1, 25).Draw(t, "kept")
		series := market.Series{Instrument: rapid.String().Draw(t, "instrument"), Timeframe: market.H1}
		series.Instrument = strings.ToValidUTF8(series.Instrument, "?")
		version := rapid.Int64Range(0, 1<<62).Draw(t, "version")
		text, err := redis.Encode(series, version, c, n)
		if err != nil {
			t.Fatal(err)
		}
		read, got, err := redis.Decode(series, text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		want := c.Slice(max(0, c.Len()-n), c.Len())
		if read != version || got.Len() != want.Len() {
			t.Fatalf("%d bars of version %d, want %d of %d", got.Len(), read, want.Len(), version)
		}
		for i := range want.Len() {
			if g, w := bits(got.At(i)), bits(want.At(i)); g != w {
				t.Fatalf("bar %d: got %v, want %v", i, g, w)
			}
		}
	})
}

// bits makes bars comparable to the last bit, so that -0 is not 0.
func bits(c market.Candle) [8]uint64 {
	return [8]uint64{
		uint64(c.Start.Unix()), math.Float64bits(c.Open), math.Float64bits(c.High), math.Float64bits(c.Low),
		math.Float64bits(c.Close), uint64(c.Volume), uint64(c.Flags), uint64(c.Parts),
	}
}

func FuzzDecode(f *testing.F) {
	good, err := redis.Encode(es5(), 1, ramp(0, 3), 9)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(good), "{}", "null", `{"bars":[[]]}`, `{"bars":[[1,2,3,4,5,null,0,0]]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		version, c, err := redis.Decode(es5(), text)
		if err != nil {
			return
		}
		// What is accepted is fit to store, and writing it again gives the same bars.
		if err := c.Check(); err != nil {
			t.Fatalf("%v from %q", err, text)
		}
		if c.Len() == 0 {
			return
		}
		again, err := redis.Encode(es5(), version, c, c.Len())
		if err != nil {
			t.Fatalf("%v from %q", err, text)
		}
		if _, c2, err := redis.Decode(es5(), again); err != nil || !reflect.DeepEqual(c, c2) {
			t.Fatalf("%q reads as %+v, and again as %+v (%v)", text, c, c2, err)
		}
	})
}
