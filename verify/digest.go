package verify

import (
	"context"
	"fmt"
	"math"
	"sync"

	"barkeep/market"
)

// progressEvery is after how many bars the progress is told again.
const progressEvery = 1 << 16

// Progress tells how far the reading is. It is never told by two goroutines at once.
type Progress struct {
	Archive string // without a password
	Series  market.Series
	Bars    int64 // read so far, of all archives together
}

// contents are the digests of an archive's selected series.
type contents struct {
	name   string
	series []market.SeriesDigest // by instrument, shortest timeframe first
	faults []string
}

// counted is told of every series, and of every few bars how many were read since the last time.
type counted func(series market.Series, bars int64)

// digest reads everything that is selected, once, in the order of the archive's key. Its memory does not grow with the number
// of bars: only the sums of the months are kept.
func (a *Archive) digest(ctx context.Context, selection Selection, progress counted) (contents, error) {
	c := contents{name: a.Name}
	counters, err := a.snapshot.Counters(ctx)
	if err != nil {
		return c, fmt.Errorf("%s: %w", a.Name, err)
	}
	for series := range counters {
		if !selection.has(series.Instrument, string(series.Timeframe)) {
			delete(counters, series)
		}
	}
	for _, series := range sortedSeries(counters) {
		one, err := a.digestSeries(ctx, series, counters[series], progress)
		if err != nil {
			return c, fmt.Errorf("%s: %w", a.Name, err)
		}
		c.series = append(c.series, one)
		c.faults = append(c.faults, one.Faults...)
	}
	strays, err := a.snapshot.Strays(ctx)
	if err != nil {
		return c, fmt.Errorf("%s: %w", a.Name, err)
	}
	for _, id := range strays {
		c.faults = append(c.faults, fmt.Sprintf("there are bars or revisions of series %d, which has no name", id))
	}
	return c, nil
}

func (a *Archive) digestSeries(
	ctx context.Context, series market.Series, counter int64, progress counted,
) (market.SeriesDigest, error) {
	digester := market.NewDigester()
	var n int64
	progress(series, 0)
	err := a.snapshot.ScanBars(ctx, series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		digester.Bar(b)
		if n++; n%progressEvery == 0 {
			progress(series, progressEvery)
		}
		return nil
	})
	if err != nil {
		return market.SeriesDigest{}, err
	}
	progress(series, n%progressEvery)
	err = a.snapshot.ScanRevisions(ctx, series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		digester.Revision(b)
		return nil
	})
	if err != nil {
		return market.SeriesDigest{}, err
	}
	return digester.End(series, counter), nil
}

// digestBoth digests an archive and its target at the same time; the first of them to fail ends both.
func digestBoth(
	ctx context.Context, archive *Archive, t *target, selection Selection, tell func(Progress),
) (here, there contents, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var bars int64
	digest := func(a *Archive, into *contents) func() {
		return func() {
			c, err := a.digest(ctx, selection, func(series market.Series, n int64) {
				mu.Lock()
				defer mu.Unlock()
				if bars += n; tell != nil {
					tell(Progress{Archive: a.Name, Series: series, Bars: bars})
				}
			})
			if err != nil {
				cancel(err)
			}
			*into = c
		}
	}
	var both sync.WaitGroup
	both.Go(digest(archive, &here))
	switch {
	case t.archive != nil:
		both.Go(digest(t.archive, &there))
	case t.saved != nil:
		if there, err = t.saved.contents(selection); err != nil {
			cancel(refusal{fmt.Errorf("--against: %w", err)})
		}
	}
	both.Wait()
	return here, there, context.Cause(ctx)
}
