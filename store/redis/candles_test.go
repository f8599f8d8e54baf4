package redis_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

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
func cached(t *testing.T, s *redis.Client, series market.Series) (int64, *market.Candles) {
	t.Helper()
	version, c, ok, err := s.Newest(t.Context(), series)
	if err != nil || !ok {
		t.Fatalf("Newest(%s): %v, %v", series, ok, err)
	}
	return version, c
}

func TestNewestIsTheEndOfWhatWasPut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t, func(c *redis.Config) { c.CacheBars = 10 })
		if _, _, ok, err := s.Newest(t.Context(), es5()); ok || err != nil {
			t.Fatalf("an empty cache gives %v, %v", ok, err)
		}
		all := ramp(1_763_848_800, 25)
		all.Volume[20], all.Flags[21] = market.NoVolume, market.FlagOutside|market.FlagOffTick
		if err := s.PutNewest(t.Context(), es5(), 7, all); err != nil {
			t.Fatal(err)
		}
		version, got := cached(t, s, es5())
		if want := all.Slice(15, 25); version != 7 || !reflect.DeepEqual(got, want) {
			t.Errorf("got  version %d, %+v\nwant version 7, %+v", version, got, want)
		}
		// Nothing to say changes nothing.
		if err := s.PutNewest(t.Context(), es5(), 8, market.NewCandles(0)); err != nil {
			t.Fatal(err)
		}
		if version, got := cached(t, s, es5()); version != 7 || got.Len() != 10 {
			t.Errorf("an empty put left version %d with %d bars", version, got.Len())
		}
	})
}

func TestOlderBarsNeverReplaceNewerOnes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		steps := []struct {
			what          string
			version, want int64
			bars          int
		}{
			{"first", 10, 10, 5},
			{"fewer bars of a higher version", 11, 10, 4},
			{"the same newest bar, of a higher version: a revision", 12, 12, 5},
			{"the same newest bar, of a lower version", 11, 12, 5},
			{"the same again", 12, 12, 5},
			{"a newer bar of a lower version, as of an archive that was restored", 3, 3, 6},
			{"a newer bar of a higher version", 1 << 50, 1 << 50, 7},
			{"the same newest bar, of a version less by one", 1<<50 - 1, 1 << 50, 7},
		}
		for _, step := range steps {
			c := ramp(0, step.bars)
			c.Close[c.Len()-1] = float64(step.version)
			if err := s.PutNewest(t.Context(), es5(), step.version, c); err != nil {
				t.Fatal(err)
			}
			version, got := cached(t, s, es5())
			if last := got.Close[got.Len()-1]; version != step.want || last != float64(step.want) {
				t.Errorf("%s: version %d, the newest bar closes at %v, want %d", step.what, version, last, step.want)
			}
		}
		if err := s.PutNewest(t.Context(), es5(), -1, ramp(0, 9)); err == nil {
			t.Error("a negative version was accepted")
		}
	})
}

func TestNegativeStartsAreSortedToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		for _, start := range []int64{-900_000, -3_000_000, -1_000_000} { // daily bars before 1970
			if err := s.PutNewest(t.Context(), es5(), 1, ramp(start, 2)); err != nil {
				t.Fatal(err)
			}
		}
		if _, got := cached(t, s, es5()); got.TS[0] != -900_000 {
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
		for _, tf := range market.Timeframes() {
			if err := s.PutNewest(t.Context(), market.Series{Instrument: "GC", Timeframe: tf}, 1, ramp(0, 1)); err != nil {
				t.Fatal(err)
			}
			left := s.Client().PTTL(t.Context(), s.Key("candles", "GC:"+string(tf))).Val()
			if left < want[tf]-time.Minute || left > want[tf] {
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
		if err := s.PutNewest(t.Context(), series, 17, c); err != nil {
			t.Fatal(err)
		}
		text, err := s.Client().Get(t.Context(), s.Key("candles", series.Instrument+":1d")).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Instrument, Timeframe string
			Version               int64
			AsOf                  time.Time
			Columns               []string
			Bars                  [][]*float64
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Instrument != series.Instrument || got.Timeframe != "1d" || got.AsOf.IsZero() || got.Version != 17 ||
			strings.Join(got.Columns, " ") != "ts open high low close volume flags parts" || len(got.Bars) != 2 {
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

func TestBarsThatAreNotFitToStoreAreRefused(t *testing.T) {
	t.Parallel()
	s := single(t)
	ragged, unsorted, infinite := ramp(0, 3), ramp(0, 3), ramp(0, 3)
	ragged.Open = ragged.Open[:2]
	unsorted.TS[2] = unsorted.TS[1]
	infinite.High[1] = math.Inf(1)
	for name, c := range map[string]*market.Candles{"RAGGED": ragged, "UNSORTED": unsorted, "INFINITE": infinite} {
		series := market.Series{Instrument: name, Timeframe: market.D1}
		if err := s.PutNewest(t.Context(), series, 1, c); err == nil || !strings.Contains(err.Error(), name+" 1d") {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, ok, err := s.Newest(t.Context(), series); ok || err != nil {
			t.Errorf("%s is there: %v, %v", name, ok, err)
		}
	}
}

// TestEntryOfAnotherRelease is as if there were none, and is replaced.
func TestEntryOfAnotherRelease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		key := s.Key("candles", "ES:5m")
		for _, text := range []string{
			`{"asOf":"2026-11-22T22:05:00.000000Z","newest":1763848800,"instrument":"ES","timeframe":"5m",` +
				`"columns":["ts","open","high","low","close","volume","flags","parts"],"bars":[[1763848800,1,2,0,1,5,0,0]]}`,
			`{"version":3,"newest":5,"instrument":"ES","timeframe":"5m","columns":["ts","close"],"bars":[[5,1]]}`,
			`{"version":3,"newest":5,"instrument":"ES","timeframe":"5m","bars":{"ts":[5]}}`,
			`{}`, `null`,
		} {
			if err := s.Client().Set(t.Context(), key, text, 0).Err(); err != nil {
				t.Fatal(err)
			}
			if version, c, ok, err := s.Newest(t.Context(), es5()); version != 0 || c != nil || ok || err != nil {
				t.Errorf("%.60q was read as %d, %v, %v, %v", text, version, c, ok, err)
			}
			if err := s.PutNewest(t.Context(), es5(), 4, ramp(1_763_848_800, 3)); err != nil {
				t.Fatal(err)
			}
			if version, c := cached(t, s, es5()); version != 4 || c.Len() != 3 {
				t.Errorf("over %.60q: version %d with %d bars", text, version, c.Len())
			}
		}
	})
}

func TestDamagedEntryIsAnErrorAndIsReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		key := s.Key("candles", "ES:5m")
		good, err := redis.Encode(es5(), 1, ramp(0, 2), 9)
		if err != nil {
			t.Fatal(err)
		}
		change := func(old, new string) string {
			damaged := strings.Replace(string(good), old, new, 1)
			if damaged == string(good) {
				t.Fatalf("%q is not in %s", old, good)
			}
			return damaged
		}
		for _, damage := range []string{
			"", "[1]", "rubbish", string(good[:len(good)-3]), string(good) + strings.Repeat(" ", 2<<20),
			change(`"ES"`, `"NQ"`), change(`"version":1`, `"version":-1`), change(`"version":1`, `"version":"1"`),
			change("6600,", "[6600],"), change("6600,", `"6600",`), change("6600,", "6600,1,"), change("[300", "[0"),
			change("],[", `],{"a":[1]},[`), change(`"bars":[[0`, `"rows":[[0`),
		} {
			if err := s.Client().Set(t.Context(), key, damage, 0).Err(); err != nil {
				t.Fatal(err)
			}
			if _, c, ok, err := s.Newest(t.Context(), es5()); err == nil || ok || c != nil {
				t.Errorf("%.60q was read as %v", damage, c)
			}
		}
		if err := s.Client().Set(t.Context(), key, "rubbish", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.PutNewest(t.Context(), es5(), 1, ramp(0, 4)); err != nil {
			t.Fatal(err)
		}
		if _, got := cached(t, s, es5()); got.Len() != 4 {
			t.Errorf("%d bars after the damage was replaced", got.Len())
		}
	})
}
