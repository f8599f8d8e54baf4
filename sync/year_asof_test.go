package syncer_test

import (
	"time"

	"barkeep/market"
)

// remembered is what the archive held of a base series for a while: from an instant until another one, at which it was written
// again.
type remembered struct {
	series      market.Series
	window      market.Window
	from, until time.Time
	bars        *market.Candles
}

// yearMemories is how many windows are kept after each run.
const yearMemories = 8

// remember keeps what some windows hold after a run. Writes of one series that come at one instant are dated a microsecond apart.
func (y *year) remember() {
	from := y.now().Add(time.Millisecond)
	for range yearMemories {
		c := y.companies[y.rng.IntN(len(y.companies))]
		series := c.series(yearBases[y.rng.IntN(len(yearBases))])
		to := y.now().AddDate(0, 0, -y.rng.IntN(100))
		w := market.Window{From: to.AddDate(0, 0, -1-y.rng.IntN(20)), To: to}
		bars, err := y.archive.Candles(y.t.Context(), series, w)
		if err != nil {
			y.t.Fatal(err)
		}
		y.memories = append(y.memories, remembered{series: series, window: w, from: from, bars: bars})
	}
}

// forget tells that the archive is about to be written: what was remembered holds until now.
func (y *year) forget() {
	for i := len(y.memories) - 1; i >= 0 && y.memories[i].until.IsZero(); i-- {
		y.memories[i].until = y.now()
	}
}

// recall reads every remembered window as of an instant at which it was so, and compares it to the last bit.
func (y *year) recall() {
	y.forget()
	for _, m := range y.memories {
		at := m.from.Add(time.Duration(y.rng.Int64N(int64(max(1, m.until.Sub(m.from))))))
		got, err := y.archive.CandlesAsOf(y.t.Context(), m.series, m.window, at)
		switch {
		case err != nil && m.bars.Len() == 0:
			// nothing had arrived yet: what was known then is not recorded, and that is what it says
		case err != nil:
			y.complain("%s as of %s: %v", m.series, at.Format(time.DateTime), err)
		case !same(got, m.bars):
			y.complain("%s of %s to %s as of %s has other bars than it had then: %d, there were %d", m.series,
				m.window.From.Format(time.DateOnly), m.window.To.Format(time.DateOnly), at.Format(time.DateTime), got.Len(), m.bars.Len())
		}
	}
}

func same(a, b *market.Candles) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if a.At(i) != b.At(i) {
			return false
		}
	}
	return true
}
