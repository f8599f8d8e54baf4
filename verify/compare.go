package verify

import (
	"context"
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
	Archive     string       `json:"archive"` // without a password; of saved digests, their path and the archive's name
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
	// Noise tells that both have the same bars, whose prices differ by less than a part in a million (market.SamePrice): two
	// archives that asked the provider at different times. It is false when the other one is a file, since digests cannot tell.
	Noise bool `json:"noise,omitempty"`
}

// FirstDifference is the first bar of a month, or the first revision, that is not the same in both archives. The values of the
// archive that lacks it are empty.
type FirstDifference struct {
	At       time.Time `json:"at"` // start of the bar
	Revision int64     `json:"revision,omitempty"`
	Here     string    `json:"here,omitempty"`
	There    string    `json:"there,omitempty"`
}

// Lacks tells which archive lacks what the other one has: "here" or "there", by the first difference, or by the counts where one
// of them is 0. It is empty when values differ, and when it cannot be known.
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
	ctx context.Context, here, there contents, archive, other *Archive, revisions bool,
) (*Comparison, error) {
	c := &Comparison{
		Archive: there.name, Revisions: revisions, Faults: append([]string{}, there.faults...), Differences: []Difference{},
	}
	c.Differences = append(c.Differences, compareContents(here, there, revisions)...)
	if other != nil {
		for i := range c.Differences {
			if err := findFirst(ctx, archive, other, &c.Differences[i]); err != nil {
				return c, err
			}
		}
	}
	c.Equal = len(c.Differences) == 0
	return c, nil
}

// compareContents compares every month of every series.
func compareContents(here, there contents, revisions bool) (found []Difference) {
	months := map[market.Series][2][]market.MonthDigest{}
	for side, c := range []contents{here, there} {
		for _, s := range c.series {
			both := months[s.Series]
			both[side] = s.Months
			months[s.Series] = both
		}
	}
	for _, series := range sortedSeries(months) {
		both := months[series]
		found = append(found, compareMonths(series, both[0], both[1], revisions)...)
	}
	return found
}

// compareMonths compares the months of a series; both lists are in order, and either may lack months.
func compareMonths(series market.Series, here, there []market.MonthDigest, revisions bool) (found []Difference) {
	for len(here)+len(there) > 0 {
		var a, b market.MonthDigest
		switch {
		case len(there) == 0 || len(here) > 0 && here[0].Month.Before(there[0].Month):
			a, here = here[0], here[1:]
			b.Month = a.Month
		case len(here) == 0 || there[0].Month.Before(here[0].Month):
			b, there = there[0], there[1:]
			a.Month = b.Month
		default:
			a, b, here, there = here[0], there[0], here[1:], there[1:]
		}
		add := func(what string, here, there int64) {
			found = append(found, Difference{
				Instrument: series.Instrument, Timeframe: string(series.Timeframe), Month: a.Month, What: what, Here: here, There: there,
			})
		}
		if a.Digest != b.Digest || a.Bars != b.Bars {
			add(ComparedBars, a.Bars, b.Bars)
		}
		if revisions && (a.RevisionDigest != b.RevisionDigest || a.Revisions != b.Revisions) {
			add(ComparedRevisions, a.Revisions, b.Revisions)
		}
	}
	return found
}
