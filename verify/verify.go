// Package verify proves what an archive holds: it digests every month of every series, compares archives with one another and
// with digests that were kept in a file, and makes checked copies of embedded archives. It knows no engine: what opens an
// archive is handed over. Nothing that is verified is written, made or migrated.
package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/market"
)

// Options say what of an archive to digest, and what to compare it with. Archive, Open, Now, Capabilities and Resolve
// are required.
type Options struct {
	Archive   func(ctx context.Context) (*Archive, error)             // opens the archive that is verified
	Open      func(ctx context.Context, url string) (*Archive, error) // opens another one, by postgres://... or sqlite:PATH
	Now       func() time.Time
	Selection Selection
	// Capabilities tell what is derived from what, and Resolve what instrument a name stands for.
	Capabilities market.Capabilities
	Resolve      func(name string) (market.Instrument, error)
	// Against is postgres://..., sqlite:PATH, the path of a SQLite archive, @FILE that holds such a URL, or a file that
	// verify --json wrote; empty for nothing.
	Against   string
	Revisions bool           // compare the earlier values of changed bars too
	Progress  func(Progress) // nil when nobody watches
}

// Report is what an archive holds, and how it compares; as JSON it can be kept and compared with later.
type Report struct {
	Format  int       `json:"format"`
	Archive string    `json:"archive"` // without a password
	Taken   time.Time `json:"taken"`
	Selection
	Digest  market.Digest `json:"digest"` // over all series
	Series  []Series      `json:"series"`
	Faults  []string      `json:"faults"`
	Derived []Derived     `json:"derived"` // every derived series, held against what its base gives
	// Coverage tells of every series what it lacks, and whether the ledger of coverage is right.
	Coverage []Coverage  `json:"coverage"`
	Against  *Comparison `json:"against,omitempty"`
}

// Series is what an archive holds of a series.
type Series struct {
	Instrument     string               `json:"instrument"`
	Timeframe      string               `json:"timeframe"`
	Bars           int64                `json:"bars"`
	Digest         market.Digest        `json:"digest"` // over the months' digests
	Revisions      int64                `json:"revisions"`
	RevisionDigest market.Digest        `json:"revisions_digest"`
	Months         []market.MonthDigest `json:"months"`
}

// Run reads one state of the archive and digests every month of every selected series, and folds every base again for
// what is derived from it. With Against it digests there too, and compares. A difference or a fault is no error of Run:
// Report.Err tells them.
func Run(ctx context.Context, o Options) (r Report, err error) {
	reference, err := parseTarget(o.Against)
	if err != nil {
		return r, refusal{fmt.Errorf("--against: %w", err)}
	}
	archive, err := open(ctx, o.Archive)
	if err != nil {
		return r, fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err)
	}
	defer func() { err = errors.Join(err, archive.close()) }()
	if err := archive.readable(); err != nil {
		return r, err
	}
	t, err := reference.open(ctx, o.Open)
	if err != nil {
		return r, refusal{fmt.Errorf("--against: %w", err)}
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.check(archive); err != nil {
		return r, refusal{fmt.Errorf("--against: %w", err)}
	}
	here, there, err := digestBoth(ctx, archive, t, o.Selection, o.Progress)
	if err != nil {
		return r, err
	}
	if len(here.series)+len(there.series) == 0 && !o.Selection.all() {
		return r, refusal{fmt.Errorf("--instrument, --timeframe: %s holds no series of %s", archive.Name, o.Selection)}
	}
	r = newReport(here, o.Selection, o.Now())
	if r.Derived, err = checkDerived(ctx, archive, o); err != nil {
		return r, err
	}
	mixed, err := checkScales(ctx, archive, o)
	if err != nil {
		return r, err
	}
	r.Faults = append(r.Faults, mixed...)
	if r.Coverage, err = checkCoverage(ctx, archive, o); err != nil {
		return r, err
	}
	if o.Against != "" {
		r.Against, err = compareArchives(ctx, here, there, archive, t.archive, o.Revisions)
	}
	return r, err
}

func newReport(c contents, selection Selection, now time.Time) Report {
	r := Report{
		Format: market.DigestFormat, Archive: c.name, Taken: now.UTC(), Selection: selection, Digest: market.DigestOf(c.series),
		Series: make([]Series, len(c.series)), Faults: append([]string{}, c.faults...),
	}
	for i := range c.series {
		s := &c.series[i]
		r.Series[i] = Series{
			Instrument: s.Series.Instrument, Timeframe: string(s.Series.Timeframe), Bars: s.Bars(), Digest: s.Digest(),
			Revisions: s.Revisions(), RevisionDigest: s.RevisionDigest(), Months: append([]market.MonthDigest{}, s.Months...),
		}
	}
	return r
}

// Err tells of differences and of faults; nil when there are none.
func (r *Report) Err() error {
	var wrong []error
	if a := r.Against; a != nil && len(a.Differences) > 0 {
		months, series := a.count()
		wrong = append(wrong, fmt.Errorf("%s of %d series differ between %s and %s", plural(months, "month"), series,
			r.Archive, a.Archive))
	}
	if n := r.notDerived(); n > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %d derived series that are not what their base gives", r.Archive, n))
	}
	if n := r.incomplete(); n > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %d series that are not what their calendar and the ledger of coverage say",
			r.Archive, n))
	}
	if n := len(r.Faults); n > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %s", r.Archive, plural(n, "fault")))
	}
	if a := r.Against; a != nil && len(a.Faults) > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %s", a.Archive, plural(len(a.Faults), "fault")))
	}
	return errors.Join(wrong...)
}

// plural is a number of things: "1 month", "2 months".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
