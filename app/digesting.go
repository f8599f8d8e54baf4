package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"barkeep/market"
)

// watchEvery is after how many bars a watcher is told again.
const watchEvery = 1 << 16

// archiveDigest is what a place holds of the series that were selected.
type archiveDigest struct {
	name   string
	series []market.SeriesDigest // by instrument, shortest timeframe first
	faults []string
}

// digest reads everything that is selected, once, in the order of the archive's key. Whatever its size, it keeps the months'
// sums only. It tells watch of every series and every few bars how many it has read since the last time.
func (p *place) digest(ctx context.Context, keep selected, watch func(series market.Series, bars int64)) (archiveDigest, error) {
	d := archiveDigest{name: p.name}
	counters, err := p.snapshot.Counters(ctx)
	if err != nil {
		return d, fmt.Errorf("%s: %w", p.name, err)
	}
	for series := range counters {
		if !keep.has(series.Instrument, string(series.Timeframe)) {
			delete(counters, series)
		}
	}
	for _, series := range inSeriesOrder(counters) {
		one, err := p.digestSeries(ctx, series, counters[series], watch)
		if err != nil {
			return d, fmt.Errorf("%s: %w", p.name, err)
		}
		d.series = append(d.series, one)
		d.faults = append(d.faults, one.Faults...)
	}
	strays, err := p.snapshot.Strays(ctx)
	if err != nil {
		return d, fmt.Errorf("%s: %w", p.name, err)
	}
	for _, id := range strays {
		d.faults = append(d.faults, fmt.Sprintf("there are bars or revisions of series %d, which has no name", id))
	}
	return d, nil
}

func (p *place) digestSeries(
	ctx context.Context, series market.Series, counter int64, watch func(market.Series, int64),
) (market.SeriesDigest, error) {
	digester := market.NewDigester()
	var n int64
	watch(series, 0)
	err := p.snapshot.ScanBars(ctx, series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		digester.Bar(b)
		if n++; n%watchEvery == 0 {
			watch(series, watchEvery)
		}
		return nil
	})
	if err != nil {
		return market.SeriesDigest{}, err
	}
	watch(series, n%watchEvery)
	err = p.snapshot.ScanRevisions(ctx, series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		digester.Revision(b)
		return nil
	})
	if err != nil {
		return market.SeriesDigest{}, err
	}
	return digester.End(series, counter), nil
}

// inSeriesOrder lists series by instrument, shortest timeframe first.
func inSeriesOrder[V any](of map[market.Series]V) []market.Series {
	all := make([]market.Series, 0, len(of))
	for series := range of {
		all = append(all, series)
	}
	slices.SortFunc(all, compareSeries)
	return all
}

func compareSeries(a, b market.Series) int {
	return cmp.Or(strings.Compare(a.Instrument, b.Instrument), Order(string(a.Timeframe))-Order(string(b.Timeframe)),
		strings.Compare(string(a.Timeframe), string(b.Timeframe)))
}

// selected is a choice of series; an empty list chooses all.
type selected struct {
	Instruments []string `json:"instruments,omitempty"`
	Timeframes  []string `json:"timeframes,omitempty"`
}

func (s selected) has(instrument, timeframe string) bool {
	return (len(s.Instruments) == 0 || slices.Contains(s.Instruments, instrument)) &&
		(len(s.Timeframes) == 0 || slices.Contains(s.Timeframes, timeframe))
}

// within tells whether another choice has all that this one has.
func (s selected) within(other selected) bool {
	inside := func(mine, others []string) bool {
		missing := func(name string) bool { return !slices.Contains(others, name) }
		return len(others) == 0 || len(mine) > 0 && !slices.ContainsFunc(mine, missing)
	}
	return inside(s.Instruments, other.Instruments) && inside(s.Timeframes, other.Timeframes)
}

// String is the choice for people.
func (s selected) String() string {
	return cmp.Or(strings.Join(s.Instruments, ","), "all instruments") + " " +
		cmp.Or(strings.Join(s.Timeframes, ","), "all timeframes")
}
