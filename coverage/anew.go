package coverage

import (
	"slices"
	"time"

	"barkeep/market"
)

// believed are the gaps of a ledger that is judged anew, in order: those that are what the bars and the calendar give, which tell
// best why their bars are absent, and those of which something is wrong. What cannot be a gap is left out.
func (j Judgement) believed(gaps []market.Gap, present []int64) (sound, doubtful []market.Gap) {
	var due, absent []int64 // starts
	span := int64(j.span() / time.Second)
	gridOf(j.Instrument.Calendar, j.Timeframe).each(market.Window{From: j.Start(), To: j.Until}, func(b bar) bool {
		due = append(due, b.start)
		if !startsIn(&present, b.start, span) {
			absent = append(absent, b.start)
		}
		return true
	})
	for _, g := range gaps {
		expected, missing := countIn(due, g), countIn(absent, g)
		switch {
		case !g.Reason.Known() || expected == 0:
		case expected == g.Bars && missing == g.Bars:
			sound = append(sound, g)
		default:
			doubtful = append(doubtful, g)
		}
	}
	return sound, doubtful
}

// countIn counts the starts, which come in order, that lie in a gap.
func countIn(starts []int64, g market.Gap) int64 {
	from, _ := slices.BinarySearch(starts, g.First.Unix())
	to, _ := slices.BinarySearch(starts, g.Last.Unix()+1)
	return int64(to - from)
}
