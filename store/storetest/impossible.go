package storetest

import (
	"testing"

	"barkeep/market"
)

// testImpossible gives bars with a price that cannot be true after sound ones and before them, with and without exactness: a
// sound bar stays, an impossible one gives way and is kept as a revision (promise P3).
func testImpossible(t *testing.T, db Database) {
	archive := migrated(t, db)
	noisy := noisyDoubt()
	for _, test := range impossibleCases() {
		for _, exact := range []bool{false, true} {
			series := market.Series{Instrument: test.name, Timeframe: market.M5}
			if exact {
				series.Timeframe = market.M15
			}
			mustUpsert(t, t, archive, series, list(test.stored), exact)
			want := test.want
			if exact && test.given == noisy {
				want = noisy
			}
			changed := 0
			if test.changed {
				changed = 1
			}
			wantCounts(t, mustUpsert(t, t, archive, series, list(test.given), exact), 0, changed, 1-changed)
			wantBars(t, test.name, stored(t, archive, series), list(want))
			old, _, err := archive.Revisions(t.Context(), series, always())
			if err != nil || old.Len() != changed {
				t.Fatalf("%s: %d revisions, %v; want %d", test.name, old.Len(), err, changed)
			}
			if test.changed {
				wantBars(t, test.name+", what it was", old, list(test.stored))
			}
		}
	}
}

// impossibleCase is a bar that is given where another is stored.
type impossibleCase struct {
	name                string
	stored, given, want market.Candle
	changed             bool
}

// broken is a bar of which the low cannot be true.
func broken(i int, low float64, volume int64, flags market.Flag) market.Candle {
	bar := flat(i, 10, volume)
	bar.Low, bar.Flags = low, flags|market.FlagImpossible
	return bar
}

// noisyDoubt is a bar of the same prices but for noise, which are doubted now.
func noisyDoubt() market.Candle { return with(flat(5, 10*(1+1e-7), 9), market.FlagImpossible) }

// with gives a bar flags.
func with(bar market.Candle, flags market.Flag) market.Candle {
	bar.Flags = flags
	return bar
}

func impossibleCases() []impossibleCase {
	outside := with(flat(3, 10, 9), market.FlagOutside)
	return []impossibleCase{
		{name: "a sound one stays", stored: flat(0, 10, 5), given: broken(0, 0, 9, 0), want: flat(0, 10, 5)},
		{
			name: "also without a volume", stored: flat(1, 10, market.NoVolume), given: broken(1, 1e308, 9, 0),
			want: flat(1, 10, market.NoVolume),
		},
		{name: "also an odd one", stored: outside, given: broken(3, -5, 9, market.FlagNegative), want: outside},
		{name: "a sound one replaces it", stored: broken(2, 0, 9, 0), given: flat(2, 11, 8), want: flat(2, 11, 8), changed: true},
		{
			name: "the same prices are judged anew", stored: broken(4, 9, 9, 0), given: with(broken(4, 9, 9, 0), 0),
			want: with(broken(4, 9, 9, 0), 0), changed: true,
		},
		{
			name: "also by a later doubt", stored: flat(5, 10, 9), given: noisyDoubt(),
			want: with(flat(5, 10, 9), market.FlagImpossible), changed: true,
		},
		{
			name: "one impossible bar replaces another", stored: broken(6, 0, 9, 0), given: broken(6, -5, 9, market.FlagNegative),
			want: broken(6, -5, 9, market.FlagNegative), changed: true,
		},
		{name: "and what is the same stays", stored: broken(7, 0, 9, 0), given: broken(7, 0, 0, 0), want: broken(7, 0, 9, 0)},
	}
}
