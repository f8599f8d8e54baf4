package redis_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store/redis"
)

// ramp makes n five-minute bars from a start in Unix seconds on.
func ramp(start int64, n int) *market.Candles {
	c := market.NewCandles(n)
	for i := range n {
		price := 6600 + 0.25*float64(i)
		c.Append(market.Candle{
			Start: time.Unix(start+300*int64(i), 0), Open: price, High: price + 1, Low: price - 1, Close: price + 0.1,
			Volume: int64(1000 + i),
		})
	}
	return c
}

// es5 is the series of most tests.
func es5() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

// cached reads an entry that must be there.
func cached(t *testing.T, s *redis.Client, series market.Series) (*market.Candles, time.Time) {
	t.Helper()
	c, asOf, ok, err := s.Newest(t.Context(), series)
	if err != nil || !ok {
		t.Fatalf("Newest(%s): %v, %v", series, ok, err)
	}
	return c, asOf
}

func TestNewestIsTheEndOfWhatWasPut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		now := time.Date(2026, 11, 22, 22, 5, 0, 123456000, time.UTC)
		s := b.open(t, func(c *redis.Config) { c.CacheBars, c.Now = 10, func() time.Time { return now } })
		if _, _, ok, err := s.Newest(t.Context(), es5()); ok || err != nil {
			t.Fatalf("an empty cache gives %v, %v", ok, err)
		}
		all := ramp(1_763_848_800, 25)
		all.Volume[20], all.Flags[21] = market.NoVolume, market.FlagOutside|market.FlagOffTick
		if err := s.PutNewest(t.Context(), es5(), all); err != nil {
			t.Fatal(err)
		}
		got, asOf := cached(t, s, es5())
		if want := all.Slice(15, 25); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if !asOf.Equal(now) {
			t.Errorf("as of %s, want %s", asOf, now)
		}
		// Nothing to say changes nothing.
		if err := s.PutNewest(t.Context(), es5(), market.NewCandles(0)); err != nil {
			t.Fatal(err)
		}
		if got, _ := cached(t, s, es5()); got.Len() != 10 {
			t.Errorf("an empty put left %d bars", got.Len())
		}
	})
}

func TestOlderBarsNeverReplaceNewerOnes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		now := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
		s := b.open(t, func(c *redis.Config) { c.Now = func() time.Time { return now } })
		put := func(c *market.Candles, closing float64) {
			t.Helper()
			c.Close[c.Len()-1] = closing
			if err := s.PutNewest(t.Context(), es5(), c); err != nil {
				t.Fatal(err)
			}
		}
		steps := []struct {
			what      string
			later     time.Duration
			bars      int
			put, want float64
		}{
			{"first", 0, 5, 1, 1},
			{"fewer bars, read later", time.Hour, 4, 2, 1},
			{"the same newest bar, read later: a revision", time.Hour, 5, 3, 3},
			{"the same newest bar, read before", -time.Microsecond, 5, 4, 3},
			{"a newer bar, though by a clock that is behind", -time.Hour, 6, 5, 5},
		}
		start := now
		for _, step := range steps {
			now = start.Add(step.later)
			put(ramp(0, step.bars), step.put)
			got, _ := cached(t, s, es5())
			if last := got.Close[got.Len()-1]; last != step.want {
				t.Errorf("%s: the newest bar closes at %v, want %v", step.what, last, step.want)
			}
			if step.later > 0 {
				start = now
			}
		}
	})
}

func TestNegativeStartsAreOrderedToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		for _, start := range []int64{-900_000, -3_000_000, -1_000_000} { // daily bars before 1970
			if err := s.PutNewest(t.Context(), es5(), ramp(start, 2)); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := cached(t, s, es5()); got.TS[0] != -900_000 {
			t.Errorf("the cache holds bars from %d", got.TS[0])
		}
	})
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		const day = 24 * time.Hour
		want := map[market.Timeframe]time.Duration{
			market.M1: day, market.M2: day, market.M3: day, market.M5: day, market.M15: day, market.M30: day, market.M90: day,
			market.H1: 7 * day, market.H2: 7 * day, market.H4: 7 * day, market.H6: 7 * day, market.H8: 7 * day,
			market.H12: 7 * day,
			market.D1:  90 * day, market.W1: 90 * day, market.Mo1: 90 * day, market.Mo3: 90 * day,
		}
		s := b.open(t)
		var entries []redis.Newest
		for _, tf := range market.Timeframes() {
			entries = append(entries, redis.Newest{Series: market.Series{Instrument: "GC", Timeframe: tf}, Candles: ramp(0, 1)})
		}
		if err := s.PutNewestAll(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		for _, tf := range market.Timeframes() {
			left := s.Client().PTTL(t.Context(), s.Key("candles", "GC:"+string(tf))).Val()
			if left < want[tf]-time.Minute || left > want[tf]+redis.LocalTick {
				t.Errorf("%s lives %s more, want %s", tf, left, want[tf])
			}
		}
	})
}

func TestEntryIsReadableByScripts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		c := ramp(1_763_848_800, 2)
		c.Volume[1] = market.NoVolume
		series := market.Series{Instrument: `^GSPC "odd"`, Timeframe: market.D1}
		if err := s.PutNewest(t.Context(), series, c); err != nil {
			t.Fatal(err)
		}
		text, err := s.Client().Get(t.Context(), s.Key("candles", series.Instrument+":1d")).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Instrument, Timeframe string
			AsOf                  time.Time
			Columns               []string
			Bars                  [][]*float64
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Instrument != series.Instrument || got.Timeframe != "1d" || got.AsOf.IsZero() ||
			strings.Join(got.Columns, " ") != "ts open high low close volume flags" || len(got.Bars) != 2 {
			t.Fatalf("the key holds %s", text)
		}
		if first := got.Bars[0]; *first[0] != 1_763_848_800 || *first[1] != 6600 || *first[5] != 1000 {
			t.Errorf("the first bar is %s", text)
		}
		if got.Bars[1][5] != nil {
			t.Errorf("a volume that was not given is %v, want null", *got.Bars[1][5])
		}
	})
}

func TestPutNewestAllStoresTheGoodAndNamesTheBad(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		ragged, unordered, infinite := ramp(0, 3), ramp(0, 3), ramp(0, 3)
		ragged.Open = ragged.Open[:2]
		unordered.TS[2] = unordered.TS[1]
		infinite.High[1] = math.Inf(1)
		bad := map[string]*market.Candles{"RAGGED": ragged, "UNORDERED": unordered, "INFINITE": infinite}
		var entries []redis.Newest
		for name, c := range bad {
			entries = append(entries, redis.Newest{Series: market.Series{Instrument: name, Timeframe: market.D1}, Candles: c})
		}
		for i := range 120 { // more than one batch
			series := market.Series{Instrument: "GOOD" + string(rune('A'+i)), Timeframe: market.D1}
			entries = append(entries, redis.Newest{Series: series, Candles: ramp(int64(i), 3)})
		}
		err := s.PutNewestAll(t.Context(), entries)
		for name := range bad {
			if err == nil || !strings.Contains(err.Error(), name+" 1d") {
				t.Errorf("the error does not name %s: %v", name, err)
			}
		}
		for _, e := range entries[3:] {
			if got, _ := cached(t, s, e.Series); got.TS[0] != e.Candles.TS[0] {
				t.Errorf("%s starts at %d, want %d", e.Series, got.TS[0], e.Candles.TS[0])
			}
		}
	})
}

func TestDamagedEntryIsAnErrorAndIsReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		key := s.Key("candles", "ES:5m")
		good, err := redis.Encode(es5(), time.Now(), ramp(0, 2), 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range []string{
			"", "null", "{}", "[1]", "rubbish", string(good[:len(good)-3]),
			strings.Replace(string(good), `"ES"`, `"NQ"`, 1), strings.Replace(string(good), `"ts",`, "", 1),
			strings.Replace(string(good), "6600,", "[6600],", 1), strings.Replace(string(good), "6600,", `"6600",`, 1),
			strings.Replace(string(good), "6600,", "6600,1,", 1), strings.Replace(string(good), "[300", "[0", 1),
			strings.Replace(string(good), "],[", `],{"a":[1]},[`, 1), strings.Replace(string(good), "Z\"", "\"", 1),
		} {
			if err := s.Client().Set(t.Context(), key, damage, 0).Err(); err != nil {
				t.Fatal(err)
			}
			if c, _, ok, err := s.Newest(t.Context(), es5()); err == nil || ok || c != nil {
				t.Errorf("%.60q was read as %v", damage, c)
			}
		}
		if err := s.Client().Set(t.Context(), key, "rubbish", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.PutNewest(t.Context(), es5(), ramp(0, 4)); err != nil {
			t.Fatal(err)
		}
		if got, _ := cached(t, s, es5()); got.Len() != 4 {
			t.Errorf("%d bars after the damage was replaced", got.Len())
		}
	})
}

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
			})
			ts += rapid.Int64Range(1, 1e6).Draw(t, "step")
		}
		n := rapid.IntRange(1, 25).Draw(t, "kept")
		series := market.Series{Instrument: rapid.String().Draw(t, "instrument"), Timeframe: market.H1}
		series.Instrument = strings.ToValidUTF8(series.Instrument, "?")
		at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "asOf")).UTC()
		text, err := redis.Encode(series, at, c, n)
		if err != nil {
			t.Fatal(err)
		}
		got, asOf, err := redis.Decode(series, text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		want := c.Slice(max(0, c.Len()-n), c.Len())
		if !asOf.Equal(at) || got.Len() != want.Len() {
			t.Fatalf("%d bars as of %s, want %d as of %s", got.Len(), asOf, want.Len(), at)
		}
		for i := range want.Len() {
			if g, w := bits(got.At(i)), bits(want.At(i)); g != w {
				t.Fatalf("bar %d: got %v, want %v", i, g, w)
			}
		}
	})
}

// bits makes bars comparable to the last bit, so that -0 is not 0.
func bits(c market.Candle) [7]uint64 {
	return [7]uint64{
		uint64(c.Start.Unix()), math.Float64bits(c.Open), math.Float64bits(c.High), math.Float64bits(c.Low),
		math.Float64bits(c.Close), uint64(c.Volume), uint64(c.Flags),
	}
}

func FuzzDecode(f *testing.F) {
	good, err := redis.Encode(es5(), time.Unix(1_763_848_800, 0), ramp(0, 3), 9)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(good), "{}", "null", `{"bars":[[]]}`, `{"bars":[[1,2,3,4,5,null,0]]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, asOf, err := redis.Decode(es5(), text)
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
		again, err := redis.Encode(es5(), asOf, c, c.Len())
		if err != nil {
			t.Fatalf("%v from %q", err, text)
		}
		if c2, _, err := redis.Decode(es5(), again); err != nil || !reflect.DeepEqual(c, c2) {
			t.Fatalf("%q reads as %+v, and again as %+v (%v)", text, c, c2, err)
		}
	})
}
