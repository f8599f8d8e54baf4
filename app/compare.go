package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"barkeep/market"
)

// What is compared.
const (
	ComparedBars      = "bars"
	ComparedRevisions = "revisions"
)

// Comparison is how another archive differs.
type Comparison struct {
	Archive     string       `json:"archive"` // without a password; of a file, its path and what it was written of
	Equal       bool         `json:"equal"`
	Revisions   bool         `json:"revisions"` // they were compared too
	Faults      []string     `json:"faults"`    // of the other archive
	Differences []Difference `json:"differences"`
}

// Difference is a month of a series that is not the same in both archives.
type Difference struct {
	Instrument string           `json:"instrument"`
	Timeframe  string           `json:"timeframe"`
	Month      market.Month     `json:"month"`
	What       string           `json:"what"`            // bars or revisions
	Here       int64            `json:"here"`            // how many this archive has
	There      int64            `json:"there"`           // how many the other one has
	First      *FirstDifference `json:"first,omitempty"` // nil when the other one is a file
}

// FirstDifference is the first bar of a month, or the first earlier values, that is not the same in both archives. Who lacks
// it has empty values.
type FirstDifference struct {
	At       time.Time `json:"at"` // start of the bar
	Revision int64     `json:"revision,omitempty"`
	Here     string    `json:"here,omitempty"`
	There    string    `json:"there,omitempty"`
}

// Lacks is which archive lacks what the other one has, "here" or "there": the first difference says it, else the counts do where
// one has nothing. It is empty when values differ, or when nobody knows.
func (d *Difference) Lacks() string {
	switch {
	case d.Here == 0, d.First != nil && d.First.Here == "":
		return "here"
	case d.There == 0, d.First != nil && d.First.There == "":
		return "there"
	}
	return ""
}

// count is how many months of how many series differ.
func (c *Comparison) count() (months, series int) {
	type month struct {
		instrument, timeframe string
		month                 market.Month
	}
	all, named := map[month]bool{}, map[[2]string]bool{}
	for _, d := range c.Differences {
		all[month{d.Instrument, d.Timeframe, d.Month}] = true
		named[[2]string{d.Instrument, d.Timeframe}] = true
	}
	return len(all), len(named)
}

// compareArchives compares month by month. Where both are archives, months that differ are read again, in the same state as
// before, to find the first bar.
func compareArchives(
	ctx context.Context, mine, others archiveDigest, here, there *place, revisions bool,
) (*Comparison, error) {
	c := &Comparison{
		Archive: others.name, Revisions: revisions, Faults: append([]string{}, others.faults...), Differences: []Difference{},
	}
	c.Differences = append(c.Differences, compareAll(mine, others, revisions)...)
	if there != nil {
		for i := range c.Differences {
			if err := findFirst(ctx, here, there, &c.Differences[i]); err != nil {
				return c, err
			}
		}
	}
	c.Equal = len(c.Differences) == 0
	return c, nil
}

// compareAll compares every month of every series.
func compareAll(mine, others archiveDigest, revisions bool) (found []Difference) {
	months := map[market.Series][2][]market.MonthDigest{}
	for side, d := range []archiveDigest{mine, others} {
		for _, s := range d.series {
			both := months[s.Series]
			both[side] = s.Months
			months[s.Series] = both
		}
	}
	for _, series := range inSeriesOrder(months) {
		both := months[series]
		found = append(found, compareMonths(series, both[0], both[1], revisions)...)
	}
	return found
}

// compareMonths walks along the months of a series in both archives.
func compareMonths(series market.Series, here, there []market.MonthDigest, revisions bool) (found []Difference) {
	for len(here)+len(there) > 0 {
		var mine, others market.MonthDigest
		switch {
		case len(there) == 0 || len(here) > 0 && here[0].Month.Before(there[0].Month):
			mine, here = here[0], here[1:]
			others.Month = mine.Month
		case len(here) == 0 || there[0].Month.Before(here[0].Month):
			others, there = there[0], there[1:]
			mine.Month = others.Month
		default:
			mine, others, here, there = here[0], there[0], here[1:], there[1:]
		}
		add := func(what string, here, there int64) {
			found = append(found, Difference{
				Instrument: series.Instrument, Timeframe: string(series.Timeframe), Month: mine.Month, What: what, Here: here, There: there,
			})
		}
		if mine.Digest != others.Digest || mine.Bars != others.Bars {
			add(ComparedBars, mine.Bars, others.Bars)
		}
		if revisions && (mine.RevisionDigest != others.RevisionDigest || mine.Revisions != others.Revisions) {
			add(ComparedRevisions, mine.Revisions, others.Revisions)
		}
	}
	return found
}

// findFirst reads a month of both archives in lockstep, up to the first bar that is not the same.
func findFirst(ctx context.Context, here, there *place, d *Difference) error {
	next, stop := iter.Pull2(there.rows(ctx, d))
	defer stop()
	theirs, err, more := next()
	for mine, failed := range here.rows(ctx, d) {
		if err := errors.Join(failed, err); err != nil {
			return err
		}
		if !more || mine.Compare(theirs) < 0 {
			d.First = firstOf(mine, nil)
			return nil
		}
		if mine.Compare(theirs) > 0 {
			d.First = firstOf(nil, theirs)
			return nil
		}
		if !mine.Same(theirs) {
			d.First = firstOf(mine, theirs)
			return nil
		}
		theirs, err, more = next()
	}
	if err == nil && more {
		d.First = firstOf(nil, theirs)
	}
	return err
}

// errEnough ends a scan from within.
var errEnough = errors.New("enough was read")

// rows are the bars, or the revisions, of the month that differs. A row is valid until the next one.
func (p *place) rows(ctx context.Context, d *Difference) iter.Seq2[*market.StoredBar, error] {
	return func(yield func(*market.StoredBar, error) bool) {
		scan := p.snapshot.ScanBars
		if d.What == ComparedRevisions {
			scan = p.snapshot.ScanRevisions
		}
		first, last := d.Month.Bounds()
		series := market.Series{Instrument: d.Instrument, Timeframe: market.Timeframe(d.Timeframe)}
		err := scan(ctx, series, first, last, func(b *market.StoredBar) error {
			if !yield(b, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, fmt.Errorf("%s: %w", p.name, err))
		}
	}
}

// firstOf makes the difference of two bars of one start, one of which may be absent.
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
