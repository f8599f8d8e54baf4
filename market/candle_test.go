package market_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// stamped makes bars that start at the given Unix seconds.
func stamped(ts ...int64) *market.Candles {
	c := market.NewCandles(len(ts))
	for i, s := range ts {
		f := float64(i)
		c.Append(market.Candle{
			Start: time.Unix(s, 0), Open: f, High: f + 1, Low: f - 1, Close: f, Volume: int64(i), Flags: market.Flag(i),
		})
	}
	return c
}

func TestCandlesAtIsWhatWasAppended(t *testing.T) {
	t.Parallel()
	want := market.Candle{
		Start: time.Unix(1000, 0).UTC(), Open: 1, High: 2, Low: -1, Close: 1.5, Volume: market.NoVolume,
		Flags: market.FlagNegative,
	}
	c := market.NewCandles(0)
	c.Append(want)
	if got := c.At(0); got != want || c.Len() != 1 {
		t.Errorf("At(0) = %+v of %d, want %+v", got, c.Len(), want)
	}
}

func TestCandlesIn(t *testing.T) {
	t.Parallel()
	c := stamped(10, 20, 30, 40)
	for _, tt := range []struct {
		from, to int64
		want     []int64
	}{
		{0, 100, []int64{10, 20, 30, 40}},
		{10, 40, []int64{10, 20, 30}},
		{11, 41, []int64{20, 30, 40}},
		{20, 21, []int64{20}},
		{21, 30, nil},
		{30, 20, nil},
		{50, 60, nil},
	} {
		got := c.In(market.Window{From: time.Unix(tt.from, 0), To: time.Unix(tt.to, 0)})
		if !slices.Equal(got.TS, tt.want) || got.Check() != nil {
			t.Errorf("In [%d, %d) = %v, want %v", tt.from, tt.to, got.TS, tt.want)
		}
	}
}

func TestAppendingToASliceLeavesTheWhole(t *testing.T) {
	t.Parallel()
	c := stamped(10, 20, 30)
	part := c.Slice(0, 1)
	part.Append(market.Candle{Start: time.Unix(99, 0), Open: 99, High: 99, Low: 99, Close: 99, Volume: 99, Flags: 31})
	if want := stamped(10, 20, 30); c.At(1) != want.At(1) || c.Len() != 3 || part.Len() != 2 {
		t.Errorf("bar 1 became %+v", c.At(1))
	}
}

func TestCandlesSpan(t *testing.T) {
	t.Parallel()
	if w := stamped().Span(); !w.Empty() {
		t.Errorf("span of nothing is %v", w)
	}
	c := stamped(10, 20, 30)
	if w := c.Span(); !w.From.Equal(time.Unix(10, 0)) || !w.To.Equal(time.Unix(31, 0)) || c.In(w).Len() != 3 {
		t.Errorf("span is %v", w)
	}
}

func TestCandlesCheck(t *testing.T) {
	t.Parallel()
	short := stamped(10, 20)
	short.Volume = short.Volume[:1]
	for _, tt := range []struct {
		candles *market.Candles
		want    string // in the error; empty for none
	}{
		{stamped(), ""},
		{stamped(10), ""},
		{stamped(10, 20, 30), ""},
		{stamped(10, 20, 20), "candle 2 of 3 starts at 20"},
		{stamped(10, 5), "candle 1 of 2 starts at 5"},
		{short, "volume 1"},
	} {
		err := tt.candles.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Check of %v: %v, want %q", tt.candles.TS, err, tt.want)
		}
	}
}

// In gives exactly the bars whose start the window contains.
func TestCandlesInMatchesTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ts := rapid.SliceOfNDistinct(rapid.Int64Range(0, 60), 0, 20, rapid.ID).Draw(t, "ts")
		slices.Sort(ts)
		w := market.Window{
			From: time.Unix(rapid.Int64Range(0, 60).Draw(t, "from"), 0), To: time.Unix(rapid.Int64Range(0, 60).Draw(t, "to"), 0),
		}
		var want []int64
		for _, s := range ts {
			if w.Contains(time.Unix(s, 0)) {
				want = append(want, s)
			}
		}
		if got := stamped(ts...).In(w).TS; !slices.Equal(got, want) {
			t.Fatalf("In(%v) of %v = %v, want %v", w, ts, got, want)
		}
	})
}
