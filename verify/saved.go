package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"barkeep/market"
)

// savedReport is a Report that was kept in a file.
type savedReport struct {
	path string
	Report
}

// readReport reads what verify --json wrote, and refuses what was changed or cut off since.
func readReport(path string) (*savedReport, error) {
	text, err := os.ReadFile(path)
	switch {
	case err != nil && strings.ContainsAny(path, "@="):
		return nil, errors.New("the value names no file, and is not shown since it may hold a password; " + acceptedTargets)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s; %s", path, acceptedTargets)
	case err != nil:
		return nil, fmt.Errorf("read the digests: %w", err)
	}
	saved := &savedReport{path: path}
	if err := json.Unmarshal(text, &saved.Report); err != nil {
		return nil, fmt.Errorf("%s is no SQLite archive and is not what barkeep verify --json writes: %w", path, err)
	}
	if saved.Format != market.DigestFormat {
		return nil, fmt.Errorf("%s is of format %d, and this program compares format %d", path, saved.Format, market.DigestFormat)
	}
	all, err := saved.contents(saved.Selection)
	if err != nil {
		return nil, err
	}
	if market.DigestOf(all.series) != saved.Digest {
		return nil, fmt.Errorf("%s was changed since it was written: its digests do not add up", path)
	}
	return saved, nil
}

// contents are the digests of the selected series; an error when the file was not written for all of them.
func (s *savedReport) contents(selection Selection) (contents, error) {
	c := contents{name: s.path + " (" + s.Archive + ")", faults: s.Faults}
	if !selection.within(s.Selection) {
		return c, fmt.Errorf("%s was written for %s: give the same --instrument and --timeframe", s.path, s.Selection)
	}
	for _, one := range s.Series {
		if !selection.has(one.Instrument, one.Timeframe) {
			continue
		}
		digest := market.SeriesDigest{
			Series:  market.Series{Instrument: one.Instrument, Timeframe: market.Timeframe(one.Timeframe)},
			Counter: one.Bars, Months: one.Months,
		}
		if digest.Digest() != one.Digest || digest.RevisionDigest() != one.RevisionDigest || digest.Bars() != one.Bars {
			return c, fmt.Errorf("%s was changed since it was written: the digests of %s do not add up", s.path, digest.Series)
		}
		c.series = append(c.series, digest)
	}
	return c, nil
}
