package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"barkeep/market"
)

// findFirst reads a month of both archives side by side. It notes the first bar that is not the same in both, and whether all
// such bars differ by noise alone; it ends with the first one that does not.
func findFirst(ctx context.Context, here, there *Archive, d *Difference) error {
	next, stop := iter.Pull2(there.rows(ctx, d))
	defer stop()
	theirs, err, more := next()
	for ours, readErr := range here.rows(ctx, d) {
		if err := errors.Join(readErr, err); err != nil {
			return err
		}
		switch {
		case !more || ours.Compare(theirs) < 0:
			d.found(ours, nil)
		case ours.Compare(theirs) > 0:
			d.found(nil, theirs)
		case !ours.Same(theirs):
			d.found(ours, theirs)
		}
		if d.First != nil && !d.Noise {
			return nil
		}
		theirs, err, more = next()
	}
	if err == nil && more {
		d.found(nil, theirs)
	}
	return err
}

// found notes one more difference of the month; here or there is nil where an archive lacks the bar.
func (d *Difference) found(here, there *market.StoredBar) {
	noise := here != nil && there != nil && here.Noise(there)
	if d.First == nil {
		d.First, d.Noise = firstOf(here, there), noise
	}
	d.Noise = d.Noise && noise
}

// errStop ends a scan before its last row.
var errStop = errors.New("the scan was ended")

// rows are the bars, or the revisions, of the month that differs. A row is valid until the next one.
func (a *Archive) rows(ctx context.Context, d *Difference) iter.Seq2[*market.StoredBar, error] {
	return func(yield func(*market.StoredBar, error) bool) {
		scan := a.snapshot.ScanBars
		if d.What == ComparedRevisions {
			scan = a.snapshot.ScanRevisions
		}
		first, last := d.Month.Bounds()
		series := market.Series{Instrument: d.Instrument, Timeframe: market.Timeframe(d.Timeframe)}
		err := scan(ctx, series, first, last, func(b *market.StoredBar) error {
			if !yield(b, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, fmt.Errorf("%s: %w", a.Name, err))
		}
	}
}

// firstOf is the difference of two bars that start at the same time; one of them may be nil, where an archive lacks it.
func firstOf(here, there *market.StoredBar) *FirstDifference {
	one := here
	if one == nil {
		one = there
	}
	return &FirstDifference{
		At: time.UnixMicro(one.Micros).UTC(), Revision: one.Revision, Here: values(here), There: values(there),
	}
}

// values shows a bar with every digit that it has; empty for none.
func values(b *market.StoredBar) string {
	if b == nil {
		return ""
	}
	price := func(p float64) string { return strconv.FormatFloat(p, 'g', -1, 64) }
	volume := "none"
	if b.HasVolume {
		volume = strconv.FormatInt(b.Volume, 10)
	}
	return fmt.Sprintf("open %s high %s low %s close %s volume %s flags %d", price(b.Open), price(b.High), price(b.Low),
		price(b.Close), volume, b.Flags)
}
