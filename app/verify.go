package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"barkeep/config"
	"barkeep/market"
)

// VerifyOptions say what of an archive to digest, and what to compare it with.
type VerifyOptions struct {
	Options
	Instruments []string // in any spelling; none for all that the archive holds
	Timeframes  []string
	// Against is postgres://..., sqlite:PATH, @FILE that holds such a URL, or a file that verify --json wrote; empty for nothing.
	Against   string
	Revisions bool // compare the earlier values of changed bars too
	Progress  func(VerifyProgress)
}

// VerifyProgress tells how far the reading is. It is not told by several goroutines at once.
type VerifyProgress struct {
	Archive string // without a password
	Series  market.Series
	Bars    int64 // read so far, of all archives together
}

// Verification is what an archive holds, and how it compares; as JSON it can be kept and compared with later.
type Verification struct {
	Format  int       `json:"format"`
	Archive string    `json:"archive"` // without a password
	Taken   time.Time `json:"taken"`
	selected
	Digest  market.Digest    `json:"digest"` // over all series
	Series  []VerifiedSeries `json:"series"`
	Faults  []string         `json:"faults"`
	Against *Comparison      `json:"against,omitempty"`
}

// VerifiedSeries is what an archive holds of a series.
type VerifiedSeries struct {
	Instrument     string               `json:"instrument"`
	Timeframe      string               `json:"timeframe"`
	Bars           int64                `json:"bars"`
	Digest         market.Digest        `json:"digest"` // over the months' digests
	Revisions      int64                `json:"revisions"`
	RevisionDigest market.Digest        `json:"revisions_digest"`
	Months         []market.MonthDigest `json:"months"`
}

// Verify reads one state of the archive that the configuration names, and digests every month of every series. With Against
// it does the same there and compares. It writes nothing: a difference or a fault is told by Verification.Err.
func Verify(ctx context.Context, c config.Config, o VerifyOptions) (v Verification, err error) {
	keep, err := o.selected()
	if err != nil {
		return v, err
	}
	target, err := parseAgainst(o.Against)
	if err != nil {
		return v, misconfigured{fmt.Errorf("--against: %w", err)}
	}
	here, err := openPlace(ctx, c, o.Options)
	if err != nil {
		return v, fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err)
	}
	defer func() { err = errors.Join(err, here.close()) }()
	there, err := target.open(ctx, o.Options)
	if err != nil {
		return v, misconfigured{fmt.Errorf("--against: %w", err)}
	}
	defer func() { err = errors.Join(err, there.close()) }()
	if there.place != nil && here.same(there.place) {
		return v, misconfigured{fmt.Errorf("--against: %s is this archive itself, and comparing it with itself proves nothing",
			there.place.name)}
	}
	mine, others, err := digestBoth(ctx, here, there, keep, o.Progress)
	if err != nil {
		return v, err
	}
	if len(mine.series)+len(others.series) == 0 && !keep.all() {
		return v, misconfigured{fmt.Errorf("--instrument, --timeframe: %s holds no series of %s", here.name, keep)}
	}
	v = newVerification(mine, keep, o.Now())
	if o.Against != "" {
		v.Against, err = compareArchives(ctx, mine, others, here, there.place, o.Revisions)
	}
	return v, err
}

// selected resolves the names of the series.
func (o VerifyOptions) selected() (keep selected, err error) {
	instruments, timeframes, err := Select(o.Instruments, o.Timeframes, "--instrument", "--timeframe")
	if err != nil {
		return keep, misconfigured{err}
	}
	for _, i := range instruments {
		keep.Instruments = append(keep.Instruments, i.Name)
	}
	for _, t := range timeframes {
		keep.Timeframes = append(keep.Timeframes, string(t))
	}
	return keep, nil
}

// digestBoth digests this archive and the other one, if it is one, at the same time; the first to fail ends both.
func digestBoth(
	ctx context.Context, here *place, there *other, keep selected, progress func(VerifyProgress),
) (mine, others archiveDigest, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var bars int64
	digest := func(p *place, into *archiveDigest) func() {
		return func() {
			d, err := p.digest(ctx, keep, func(series market.Series, n int64) {
				mu.Lock()
				defer mu.Unlock()
				if bars += n; progress != nil {
					progress(VerifyProgress{Archive: p.name, Series: series, Bars: bars})
				}
			})
			if err != nil {
				cancel(err)
			}
			*into = d
		}
	}
	var both sync.WaitGroup
	both.Go(digest(here, &mine))
	if there.place != nil {
		both.Go(digest(there.place, &others))
	} else if others, err = there.file.digest(keep); err != nil {
		cancel(misconfigured{fmt.Errorf("--against: %w", err)})
	}
	both.Wait()
	return mine, others, context.Cause(ctx)
}

func newVerification(d archiveDigest, keep selected, now time.Time) Verification {
	v := Verification{
		Format: market.DigestFormat, Archive: d.name, Taken: now.UTC(), selected: keep, Digest: market.DigestOf(d.series),
		Series: make([]VerifiedSeries, len(d.series)), Faults: append([]string{}, d.faults...),
	}
	for i := range d.series {
		s := &d.series[i]
		v.Series[i] = VerifiedSeries{
			Instrument: s.Series.Instrument, Timeframe: string(s.Series.Timeframe), Bars: s.Bars(), Digest: s.Digest(),
			Revisions: s.Revisions(), RevisionDigest: s.RevisionDigest(), Months: append([]market.MonthDigest{}, s.Months...),
		}
	}
	return v
}

// Err tells of differences and of faults; nil when there are none.
func (v *Verification) Err() error {
	var wrong []error
	if a := v.Against; a != nil && len(a.Differences) > 0 {
		months, series := a.count()
		wrong = append(wrong, fmt.Errorf("%s of %d series differ between %s and %s", some(months, "month"), series,
			v.Archive, a.Archive))
	}
	if n := len(v.Faults); n > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %s", v.Archive, some(n, "fault")))
	}
	if a := v.Against; a != nil && len(a.Faults) > 0 {
		wrong = append(wrong, fmt.Errorf("%s has %s", a.Archive, some(len(a.Faults), "fault")))
	}
	return errors.Join(wrong...)
}

func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (s selected) all() bool { return len(s.Instruments)+len(s.Timeframes) == 0 }
