package storetest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store"
)

// scales are what splits, both ways, and a change between pence and pounds do.
func scales() []market.Factor {
	split := func(n, d float64) market.Factor {
		return market.SplitFactor(market.Action{Kind: market.ActionSplit, Numerator: n, Denominator: d})
	}
	return []market.Factor{
		split(4, 1), split(3, 2), split(21, 20), split(1, 10), split(1, 100), split(7, 3), split(1, 8), split(1.0417, 1),
		{Price: market.Ratio{Num: 1, Den: 100}},
		{Price: market.Ratio{Num: 100, Den: 1}, Volume: market.Ratio{Num: 1, Den: 1}},
	}
}

// drawnBars are bars of any magnitude, with negative prices, zeros, no volume and huge ones.
func drawnBars(t *rapid.T, n int) *market.Candles {
	price := rapid.OneOf(
		rapid.Map(rapid.Int64Range(-1_000_000, 100_000_000), func(n int64) float64 { return float64(n) / 100 }),
		rapid.Map(rapid.Float32Range(0.0001, 500_000), func(x float32) float64 { return float64(x) }),
		rapid.Float64Range(-1e290, 1e290), rapid.Float64Range(1e-300, 1e-200),
	)
	volume := rapid.OneOf(rapid.Just(market.NoVolume), rapid.Int64Range(0, 20), rapid.Int64Range(0, 1e9),
		rapid.Int64Range(1<<52, 1<<55))
	bars := market.NewCandles(n)
	for i := range n {
		bars.Append(market.Candle{
			Start: time.Unix(opening+int64(i)*300, 0).UTC(),
			Open:  price.Draw(t, "open"), High: price.Draw(t, "high"), Low: price.Draw(t, "low"), Close: price.Draw(t, "close"),
			Volume: volume.Draw(t, "volume"), Flags: market.Flag(rapid.IntRange(0, 15).Draw(t, "flags")), //nolint:gosec // small
		})
	}
	return bars
}

// applied are bars as a restatement leaves them, and those that it has to keep.
func applied(r store.Restatement, bars *market.Candles) (now, kept *market.Candles, touched int) {
	now, kept = market.NewCandles(bars.Len()), market.NewCandles(0)
	for i := range bars.Len() {
		bar := bars.At(i)
		if !r.Concerns(bar.Start) {
			now.Append(bar)
			continue
		}
		touched++
		now.Append(r.Factor.Apply(bar))
		if !r.Factor.Restores(bar) {
			kept.Append(bar)
		}
	}
	return now, kept, touched
}

// testRestating restates random bars and takes that back: every bit is that of market.Factor.Apply, and then the former one.
func testRestating(t *testing.T, db Database) {
	archive := migrated(t, db)
	count := 0
	rapid.Check(t, func(rt *rapid.T) {
		count++
		series := market.Series{Instrument: "R", Timeframe: market.Timeframe("r" + time.Duration(count).String())}
		bars := drawnBars(rt, rapid.IntRange(1, 30).Draw(rt, "bars"))
		f := rapid.SampledFrom(scales()).Draw(rt, "factor")
		last := rapid.IntRange(0, bars.Len()-1).Draw(rt, "before")
		before := bars.At(last).Start.Add(time.Second)
		if _, err := put(t.Context(), archive, series, bars); err != nil {
			rt.Fatalf("%v", err)
		}
		old, _, _ := archive.State(t.Context(), series)
		r := store.Restatement{Series: series, Action: 1, Reason: "a split", Before: before, Factor: f}
		if rapid.Bool().Draw(rt, "of one listing") {
			r.From = bars.At(rapid.IntRange(0, last).Draw(rt, "from")).Start
		}
		done := restated(t.Context(), rt, archive, r)
		want, kept, touched := applied(r, bars)
		wantBars(rt, "restated", stored(t, archive, series), want)
		revised, at, err := archive.Revisions(t.Context(), series, always())
		if err != nil {
			rt.Fatalf("%v", err)
		}
		wantBars(rt, "kept", revised, kept)
		for _, replaced := range at {
			if !replaced.Equal(done.At) {
				rt.Fatalf("a revision is of %v, the restatement of %v", replaced, done.At)
			}
		}
		now, _, _ := archive.State(t.Context(), series)
		if done.Bars != touched || done.Kept != kept.Len() || now.Version <= old.Version || now.Count != old.Count {
			rt.Fatalf("restated %+v, want %d and %d; the state went from %+v to %+v", done, touched, kept.Len(), old, now)
		}
		back := unstated(t.Context(), rt, archive, done)
		wantBars(rt, "taken back", stored(t, archive, series), bars)
		if !back.From.Equal(r.From) || back.Undoes != done.Number ||
			back.Action != 1 || back.Kept != 0 || back.Bars != touched || back.Factor != f.Inverse() {
			rt.Fatalf("taken back: %+v", back)
		}
	})
}

// in runs do in a transaction and commits it.
func in(ctx context.Context, t failer, a Archive, do func(store.Tx) error) error {
	t.Helper()
	tx, err := a.Begin(ctx)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func restated(ctx context.Context, t failer, a Archive, r store.Restatement) (done store.Restatement) {
	t.Helper()
	err := in(ctx, t, a, func(tx store.Tx) (err error) {
		done, err = tx.Restate(ctx, r)
		return err
	})
	if err != nil {
		t.Fatalf("restate: %v", err)
	}
	return done
}

func unstated(ctx context.Context, t failer, a Archive, r store.Restatement) (done store.Restatement) {
	t.Helper()
	err := in(ctx, t, a, func(tx store.Tx) (err error) {
		done, err = tx.Unstate(ctx, r)
		return err
	})
	if err != nil {
		t.Fatalf("unstate: %v", err)
	}
	return done
}

// testRestatedOnce restates twice for an action, and takes back twice.
func testRestatedOnce(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(100))
	r := store.Restatement{
		Series: es5m(), Action: 3, Reason: "split 1:10\x00", Before: flat(50, 0, 0).Start, Factor: scales()[3], RunID: 7,
	}
	done := restated(t.Context(), t, archive, r)
	want, kept, _ := applied(r, ramp(100))
	refused := func(what string, do func(store.Tx) error) {
		t.Helper()
		if err := in(t.Context(), t, archive, do); !errors.Is(err, store.ErrRestated) {
			t.Errorf("%s: %v", what, err)
		}
	}
	again := func(tx store.Tx) error {
		_, err := tx.Restate(t.Context(), r)
		return err
	}
	refused("restated twice", again)
	wantBars(t, "restated once", stored(t, archive, es5m()), want)
	if done.Number != 1 || done.Bars != 50 || done.Kept != kept.Len() || done.Kept == 0 ||
		!done.At.Equal(start().Add(time.Microsecond)) {
		t.Errorf("done %+v", done)
	}
	done.RunID = 8
	back := unstated(t.Context(), t, archive, done)
	take := func(r store.Restatement) func(store.Tx) error {
		return func(tx store.Tx) error {
			_, err := tx.Unstate(t.Context(), r)
			return err
		}
	}
	refused("taken back twice", take(done))
	refused("restated anew for the same action", again)
	if err := in(t.Context(), t, archive, take(back)); err == nil {
		t.Error("what took back was taken back")
	}
	wantBars(t, "taken back", stored(t, archive, es5m()), ramp(100))
	all, err := archive.Restatements(t.Context(), "")
	done.RunID, done.Reason = 7, "split 1:10\uFFFD"
	if err != nil || len(all) != 2 || all[0] != done || all[1].Undoes != 1 || all[1].RunID != 8 || !all[1].At.After(all[0].At) {
		t.Errorf("restatements %+v, want %+v and %+v, %v", all, done, back, err)
	}
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions WHERE cause = 4 AND run_id = 7`); n != int64(kept.Len()) {
		t.Errorf("%d revisions name the run and the cause, want %d", n, kept.Len())
	}
	// With 0 for the action it may be done again and again.
	r.Action = 0
	restated(t.Context(), t, archive, r)
	restated(t.Context(), t, archive, r)
}

// testRestatedBeyond tries what cannot be brought to a scale: nothing is changed.
func testRestatedBeyond(t *testing.T, db Database) {
	archive := migrated(t, db)
	huge, tiny, many := flat(1, 3, 3), flat(1, 3, 3), flat(1, 3, math.MaxInt64/2)
	huge.High, tiny.Low = 1e308, 5e-324
	for name, test := range map[string]struct {
		bar market.Candle
		f   market.Factor
	}{
		"too great":         {huge, market.Factor{Price: market.Ratio{Num: 100, Den: 1}}},
		"great on the way":  {huge, market.Factor{Price: market.Ratio{Num: 100, Den: 101}}},
		"too small":         {tiny, market.Factor{Price: market.Ratio{Num: 1, Den: 100}}},
		"too many":          {many, market.Factor{Price: market.Ratio{Num: 1, Den: 4}, Volume: market.Ratio{Num: 4, Den: 1}}},
		"no number":         {flat(1, 3, 3), market.Factor{Price: market.Ratio{Num: math.NaN(), Den: 100}}},
		"nothing":           {flat(1, 3, 3), market.Factor{Price: market.Ratio{Num: 0, Den: 100}}},
		"the other way":     {flat(1, 3, 3), market.Factor{Volume: market.Ratio{Num: -1, Den: 100}}},
		"divided by naught": {flat(1, 3, 3), market.Factor{Volume: market.Ratio{Num: 1}}},
	} {
		series := market.Series{Instrument: name, Timeframe: market.M5}
		bars := list(flat(0, 5, 5), test.bar, flat(2, 7, 7))
		mustPut(t, archive, series, bars)
		err := in(t.Context(), t, archive, func(tx store.Tx) error {
			_, err := tx.Restate(t.Context(), store.Restatement{Series: series, Action: 1, Before: always().To, Factor: test.f})
			if err != nil && tx.Commit(t.Context()) == nil {
				t.Errorf("%s: it could be committed", name)
			}
			return err
		})
		if !errors.Is(err, store.ErrScale) {
			t.Errorf("%s: %v", name, err)
		}
		wantBars(t, name, stored(t, archive, series), bars)
	}
	if n := db.Query(t, `SELECT (SELECT count(*) FROM restatements) + (SELECT count(*) FROM candle_revisions)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// testRestatedMany restates more bars than one statement takes, 5,000, some of them changed before they are taken back.
func testRestatedMany(t *testing.T, db Database) {
	archive := migrated(t, db)
	const n, last, changedAt = 11_000, 10_500, 5_000
	bars := ramp(n)
	mustPut(t, archive, es5m(), bars)
	r := store.Restatement{Series: es5m(), Action: 1, Before: bars.At(last).Start, Factor: scales()[3]}
	done := restated(t.Context(), t, archive, r)
	want, kept, touched := applied(r, bars)
	wantBars(t, "restated", stored(t, archive, es5m()), want)
	if done.Bars != touched || done.Kept != kept.Len() || kept.Len() < n/2 {
		t.Errorf("restated %d, kept %d; want %d and %d", done.Bars, done.Kept, touched, kept.Len())
	}
	// One bar is another one now, and one came later: both are multiplied by the inverse.
	changed, added := flat(changedAt, 77, 13), flat(-3, 90, 17)
	mustPut(t, archive, es5m(), list(changed, added))
	back := unstated(t.Context(), t, archive, done)
	former := clone(bars)
	inverse := r.Factor.Inverse()
	one := inverse.Apply(changed)
	former.Open[changedAt], former.High[changedAt], former.Low[changedAt], former.Close[changedAt] =
		one.Open, one.High, one.Low, one.Close
	former.Volume[changedAt] = one.Volume
	all := list(inverse.Apply(added))
	for i := range former.Len() {
		all.Append(former.At(i))
	}
	wantBars(t, "taken back", stored(t, archive, es5m()), all)
	if back.Bars != touched+1 {
		t.Errorf("%d bars were taken back, want %d", back.Bars, touched+1)
	}
}
