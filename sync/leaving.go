package syncer

import (
	"slices"
	"time"

	"barkeep/coverage"
	"barkeep/market"
)

// Leaving is what of a series leaves the provider's window next: bars that are absent and can still be had.
type Leaving struct {
	Gap   market.Gap // without the bars of it that are lost
	At    time.Time  // when its first bar can not be had any more
	Asked bool       // the plan asks for that bar
}

// Leaving is, for each base series of the plan that lacks bars which can still be had, what leaves the provider's window next;
// the soonest first. What the provider serves for ever is not in it.
func (p Plan) Leaving() (all []Leaving) {
	for i := range p.Tasks {
		t := &p.Tasks[i]
		var next *Leaving
		for _, g := range t.absent {
			left, at, ok := coverage.StillHad(g, t.Instrument.Calendar, t.native.DeepCap, p.Made)
			if ok && (next == nil || at.Before(next.At)) {
				next = &Leaving{Gap: left, At: at}
			}
		}
		if next == nil {
			continue
		}
		next.Asked = slices.ContainsFunc(t.Fetches, func(r market.FetchRequest) bool { return r.Window.Contains(next.Gap.First) })
		all = append(all, *next)
	}
	slices.SortStableFunc(all, func(a, b Leaving) int { return a.At.Compare(b.At) })
	return all
}
