package storetest

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"barkeep/market"
)

// priced draws prices of every size and sign, with 0 and the ends of what a number can be.
func priced() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(0.0001, 100_000), rapid.Float64Range(-50, 50), rapid.Float64(),
		rapid.SampledFrom([]float64{
			0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64,
			0x1p-1022, 1e-300, 1e300, -37.63, 0.01, float64(float32(475.69)),
		}))
}

// again draws what an answer may say of a price the next time: the same, noise, something at the border of noise to the last bit,
// or another price.
func again(t *rapid.T, price float64) float64 {
	steps := rapid.IntRange(-3, 3).Draw(t, "steps")
	step := func(p float64) float64 {
		for range max(steps, -steps) {
			p = math.Nextafter(p, math.Copysign(math.MaxFloat64, float64(steps)))
		}
		return max(-math.MaxFloat64, min(math.MaxFloat64, p))
	}
	switch rapid.IntRange(0, 6).Draw(t, "how") {
	case 0:
		return price
	case 1:
		return step(price)
	case 2:
		return step(price * market.SameRatio)
	case 3:
		return step(price / market.SameRatio)
	case 4:
		return step(price * (1 + rapid.Float64Range(-3e-6, 3e-6).Draw(t, "noise")))
	case 5:
		return -price
	default:
		return priced().Draw(t, "other")
	}
}

// testNoise gives random bars twice, the second time with noise at the border of what counts, and holds the engine to the rule of
// market.Candle.Revised, bit for bit.
func testNoise(t *testing.T, db Database) {
	archive := migrated(t, db)
	cases := 0
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		series := market.Series{Instrument: fmt.Sprintf("NOISE%d", cases), Timeframe: market.M1}
		first, second, want := market.NewCandles(0), market.NewCandles(0), market.NewCandles(0)
		exact, kept := rapid.IntRange(0, 3).Draw(rt, "exact if 0") == 0, 0
		volume := rapid.SampledFrom([]int64{market.NoVolume, 0, 7, 7, 7, 8})
		flags := rapid.SampledFrom([]market.Flag{
			0, 0, market.FlagOutside, market.FlagOffTick, market.FlagIncomplete, market.FlagImpossible, 255,
		})
		for i := range rapid.IntRange(1, 30).Draw(rt, "bars") {
			before := flat(i, 0, volume.Draw(rt, "volume"))
			before.Flags = flags.Draw(rt, "flags")
			given := flat(i, 0, volume.Draw(rt, "volume again"))
			given.Flags = flags.Draw(rt, "flags again")
			for column, price := range []*float64{&before.Open, &before.High, &before.Low, &before.Close} {
				*price = priced().Draw(rt, "price")
				*[]*float64{&given.Open, &given.High, &given.Low, &given.Close}[column] = *price
			}
			for _, price := range []*float64{&given.Open, &given.High, &given.Low, &given.Close} {
				if rapid.Bool().Draw(rt, "given again") {
					*price = again(rt, *price)
				}
			}
			first.Append(before)
			second.Append(given)
			want.Append(before.Revised(given, exact))
			if before.Revised(given, exact) == before {
				kept++
			}
		}
		mustUpsert(t, rt, archive, series, first, false)
		got := mustUpsert(t, rt, archive, series, second, exact)
		if got.Unchanged != kept || got.Changed != want.Len()-kept {
			rt.Fatalf("changed %d, unchanged %d; want %d unchanged of %d", got.Changed, got.Unchanged, kept, want.Len())
		}
		bars, err := archive.Candles(t.Context(), series, always())
		if err != nil {
			rt.Fatalf("candles: %v", err)
		}
		wantBars(rt, "after the second time", bars, want)
	})
}

// mustUpsert stores bars in a transaction of their own.
func mustUpsert(
	t *testing.T, rt failer, a Archive, series market.Series, bars *market.Candles, exact bool,
) market.Stored {
	t.Helper()
	tx, err := a.Begin(t.Context())
	if err != nil {
		rt.Fatalf("begin: %v", err)
	}
	defer tx.Rollback()
	upsert := tx.Upsert
	if exact {
		upsert = tx.UpsertExact
	}
	stored, err := upsert(t.Context(), series, bars)
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		rt.Fatalf("store: %v", err)
	}
	return stored
}

// testDrift fetches a bar again and again, with prices that move a third of a millionth each time. What is stored is never
// further from what was given last than noise, and is written only when it would be; a volume that is revised each time moves no
// price.
func testDrift(t *testing.T, db Database) {
	archive := migrated(t, db)
	const step, rounds = 3e-7, 41 // the fourth step from a stored price is 1.2 millionths
	for name, volume := range map[string]func(round int) int64{
		"DRIFT": func(int) int64 { return 100 }, "REVISED": func(round int) int64 { return int64(100 + round) },
	} {
		series := market.Series{Instrument: name, Timeframe: market.M5}
		price, kept, writes := 475.69, 475.69, 0
		for round := range rounds {
			got := mustPut(t, archive, series, list(flat(0, price, volume(round))))
			writes += got.Changed
			if round%4 == 0 {
				kept = price
			}
			if bar := stored(t, archive, series).At(0); bar != flat(0, kept, volume(round)) {
				t.Fatalf("%s: after %d answers the bar is %+v, want the price %v", name, round+1, bar, kept)
			}
			price *= 1 + step
		}
		if want := map[string]int{"DRIFT": (rounds - 1) / 4, "REVISED": rounds - 1}[name]; writes != want {
			t.Errorf("%s: %d answers changed the bar %d times, want %d", name, rounds, writes, want)
		}
	}
	there := market.Series{Instrument: "SWING", Timeframe: market.M5}
	mustPut(t, archive, there, list(flat(0, -37.63, 5)))
	for round := range rounds {
		noisy := -37.63 * (1 + 9e-7*math.Sin(float64(round)))
		wantCounts(t, mustPut(t, archive, there, list(flat(0, noisy, 5))), 0, 0, 1)
	}
	if bar := stored(t, archive, there).At(0); bar.Close != -37.63 {
		t.Errorf("after noise both ways the price is %v", bar.Close)
	}
}
