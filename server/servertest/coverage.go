package servertest

import (
	"context"
	"slices"

	"barkeep/market"
	"barkeep/store"
)

// Covered is the coverage of an archive. It knows no filter but that of reasons.
type Covered struct {
	All  []market.Coverage
	Runs []market.Gap
}

// Coverage gives All.
func (c *Covered) Coverage(context.Context) ([]market.Coverage, error) { return c.All, nil }

// Gaps gives the Runs of the filter's reasons.
func (c *Covered) Gaps(_ context.Context, f store.GapFilter) ([]market.Gap, error) {
	return slices.DeleteFunc(slices.Clone(c.Runs), func(g market.Gap) bool {
		return len(f.Reasons) > 0 && !slices.Contains(f.Reasons, g.Reason)
	}), nil
}

// GapCounts counts the bars of the Runs.
func (c *Covered) GapCounts(context.Context) (all []store.GapCount, err error) {
	for _, g := range c.Runs {
		i := slices.IndexFunc(all, func(n store.GapCount) bool { return n.Series == g.Series && n.Reason == g.Reason })
		if i < 0 {
			i, all = len(all), append(all, store.GapCount{Series: g.Series, Reason: g.Reason})
		}
		all[i].Bars, all[i].Gaps = all[i].Bars+g.Bars, all[i].Gaps+1
	}
	return all, nil
}

// SeriesStanding tells what Series holds of one, with its coverage and all of its gaps.
func (f *Archive) SeriesStanding(ctx context.Context, series market.Series, _ market.Window) (store.SeriesStanding, error) {
	state, found, err := f.State(ctx, series)
	s := store.SeriesStanding{State: state, Found: found}
	if i := slices.IndexFunc(f.All, func(c market.Coverage) bool { return c.Series == series }); i >= 0 && found {
		s.Coverage, s.Judged = f.All[i], true
		for _, g := range f.Runs {
			if g.Series == series {
				s.Gaps = append(s.Gaps, g)
			}
		}
	}
	return s, err
}

// Still gives the archive itself: nobody writes it while it is read.
func (f *Archive) Still(_ context.Context, do func(store.Still) error) error { return do(f) }
