package yahoo_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// byStart are the bars of an answer.
func byStart(chart *yahoo.Chart) map[int64]market.Candle {
	all := map[int64]market.Candle{}
	for i, ts := range chart.TS {
		if !chart.Full(i) {
			continue
		}
		volume := market.NoVolume
		if chart.Volume != nil {
			volume = max(market.NoVolume, chart.Volume[i])
		}
		all[ts] = market.Candle{
			Start: time.Unix(ts, 0).UTC(), Open: chart.Open[i], High: chart.High[i], Low: chart.Low[i], Close: chart.Close[i], Volume: volume,
		}
	}
	return all
}

// revisions counts the bars of both answers that a second answer changes, to the last bit and by the rule.
func revisions(first, second map[int64]market.Candle) (common, exact, ruled int) {
	for ts, old := range first {
		given, ok := second[ts]
		if !ok {
			continue
		}
		common++
		if old.Revised(given, true) != old {
			exact++
		}
		if old.Revised(given, false) != old {
			ruled++
		}
	}
	return common, exact, ruled
}

// TestNoiseOfRecordedAnswers counts the revisions that a second answer about the same bars leaves. The recorded pairs differ in
// nothing or really, and the rule forgives none of that. Recorded prices are single-precision numbers; the same prices as
// decimals, which the provider also serves, are other numbers in nearly every bar, and no revision.
func TestNoiseOfRecordedAnswers(t *testing.T) {
	t.Parallel()
	type answer struct {
		name string
		bars map[int64]market.Candle
	}
	series := map[string][]answer{}
	rows, exact, ruled := 0, 0, 0
	for name, chart := range recordedCharts(t) {
		bars := byStart(chart)
		series[chart.Meta.Symbol+" "+chart.Meta.DataGranularity] = append(series[chart.Meta.Symbol+" "+chart.Meta.DataGranularity], answer{name, bars})
		decimal := map[int64]market.Candle{}
		for ts, b := range bars {
			for _, p := range []*float64{&b.Open, &b.High, &b.Low, &b.Close} {
				places := math.Pow(10, max(0, 7-math.Ceil(math.Log10(math.Abs(*p)))))
				*p = math.Round(*p*places) / places
			}
			decimal[ts] = b
		}
		n, e, r := revisions(bars, decimal)
		rows, exact, ruled = rows+n, exact+e, ruled+r
	}
	t.Logf("of %d recorded bars %d have other last digits as decimals of seven places: revisions before; %d now", rows, exact, ruled)
	if rows < 100_000 || exact < rows/4 || ruled != 0 {
		t.Errorf("%d bars, %d differ in the last digits, %d are revisions; want many, many and none", rows, exact, ruled)
	}
	pairs, common, differ, really := 0, 0, 0, 0
	for name, answers := range series {
		slices.SortFunc(answers, func(a, b answer) int { return cmp.Compare(a.name, b.name) })
		for i, a := range answers {
			for _, b := range answers[i+1:] {
				n, e, r := revisions(a.bars, b.bars)
				if n == 0 {
					continue
				}
				pairs, common, differ, really = pairs+1, common+n, differ+e, really+r
				if e != r {
					t.Errorf("%s: %s", name, fmt.Sprintf("%s and %s differ in %d bars, by the rule in %d", a.name, b.name, e, r))
				}
			}
		}
	}
	t.Logf("%d pairs of recorded answers have %d bars in common: %d revisions before, %d now", pairs, common, differ, really)
	if pairs < 10 {
		t.Errorf("only %d pairs of answers were recorded", pairs)
	}
}
