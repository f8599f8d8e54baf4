package verify_test

import (
	"path/filepath"
	"testing"

	"barkeep/market"
)

// TestNoiseIsToldApart compares archives that were fed with other last digits: each keeps the values that it got first, so their
// digests differ, and the comparison says by how little. One real difference in a month is told as such, wherever it is.
func TestNoiseIsToldApart(t *testing.T) {
	t.Parallel()
	noisy := func(move int) *market.Candles {
		bars := ramp(600)
		for i := range bars.Len() {
			if i%3 > 0 {
				continue
			}
			bars.Open[i] *= 1 + 3e-7
			bars.Low[i] *= 1 - 9e-7
		}
		if move >= 0 {
			bars.Close[move] += 0.25
		}
		return bars
	}
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	for name, c := range map[string]struct {
		move  int // the bar that really differs
		noise bool
	}{"noise alone": {-1, true}, "a price at last": {599, false}, "a price at first": {0, false}} {
		here, there := "sqlite:"+filepath.Join(t.TempDir(), "here.db"), "sqlite:"+filepath.Join(t.TempDir(), "there.db")
		first := openArchive(t, here)
		store(t, first, series, ramp(600))
		store(t, first, series, noisy(-1)) // an update: nothing of it is stored
		store(t, openArchive(t, there), series, noisy(c.move))
		v := report(t, here, there)
		d := v.Against.Differences
		if v.Against.Equal || len(d) != 1 || d[0].Noise != c.noise || d[0].First == nil || d[0].First.Here == d[0].First.There {
			t.Errorf("%s: equal %v, differences %+v; want one, noise %v", name, v.Against.Equal, d, c.noise)
		}
		if v.Series[0].Revisions != 0 {
			t.Errorf("%s: noise left %d revisions", name, v.Series[0].Revisions)
		}
	}
}
