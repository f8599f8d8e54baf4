package query

import (
	"context"
	"slices"

	"barkeep/market"
	"barkeep/store"
)

// Covered is how much is there of all series of a timeframe.
type Covered struct {
	Timeframe         market.Timeframe
	Expected, Present int64
	Absent            []ReasonCount // from the worst reason to the mildest
}

// SumCoverage reads how much of what is expected is there, by timeframe, the shortest first.
func SumCoverage(ctx context.Context, from store.Coverage) ([]Covered, error) {
	series, err := from.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := from.GapCounts(ctx)
	if err != nil {
		return nil, err
	}
	sums := []Covered{}
	of := func(t market.Timeframe) *Covered {
		i := slices.IndexFunc(sums, func(c Covered) bool { return c.Timeframe == t })
		if i < 0 {
			i, sums = len(sums), append(sums, Covered{Timeframe: t})
		}
		return &sums[i]
	}
	for _, c := range series {
		sum := of(c.Series.Timeframe)
		sum.Expected, sum.Present = sum.Expected+c.Expected, sum.Present+c.Present
	}
	absent := map[market.Timeframe]map[market.GapReason]int64{}
	for _, n := range counts {
		t := n.Series.Timeframe
		if absent[t] == nil {
			absent[t] = map[market.GapReason]int64{}
		}
		absent[t][n.Reason] += n.Bars
	}
	for t, bars := range absent {
		of(t).Absent = byReason(bars)
	}
	slices.SortFunc(sums, func(a, b Covered) int { return a.Timeframe.Compare(b.Timeframe) })
	return sums, nil
}

// Total sums up all timeframes.
func Total(sums []Covered) Covered {
	var all Covered
	absent := map[market.GapReason]int64{}
	for _, c := range sums {
		all.Expected, all.Present = all.Expected+c.Expected, all.Present+c.Present
		for _, a := range c.Absent {
			absent[a.Reason] += a.Bars
		}
	}
	all.Absent = byReason(absent)
	return all
}
