package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"barkeep/config"
	"barkeep/market"
)

// against is what an archive is to be compared with: an archive by its URL, a file of digests by its path, or nothing.
type against struct {
	url  string
	path string
}

// other is an open against: a place, or the digests of a file, or nothing.
type other struct {
	place *place
	file  *keptDigests
}

func (o *other) close() error {
	if o.place == nil {
		return nil
	}
	return o.place.close()
}

const acceptedAgainst = "expected postgres://user@host/name, sqlite:PATH, @FILE that holds such a URL, or a file that " +
	"barkeep verify --json wrote"

// parseAgainst tells a URL from a file. It repeats nothing that may hold a password.
func parseAgainst(text string) (against, error) {
	if text == "" {
		return against{}, nil
	}
	if path, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(path)
		if err != nil {
			return against{}, fmt.Errorf("the file that holds the URL: %w", err)
		}
		url := strings.TrimSpace(string(content))
		if !isArchive(url) || strings.ContainsAny(url, "\r\n") {
			return against{}, fmt.Errorf("%s does not hold the URL of an archive alone; expected postgres://user:password@host/name "+
				"or sqlite:PATH", path)
		}
		return against{url: url}, nil
	}
	if isArchive(text) {
		return against{url: text}, nil
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok {
		return against{}, fmt.Errorf("the value begins with %q; %s", scheme+"://", acceptedAgainst)
	}
	return against{path: text}, nil
}

func isArchive(url string) bool {
	for _, scheme := range []string{"postgres://", "postgresql://", "sqlite:"} {
		if rest, ok := strings.CutPrefix(url, scheme); ok {
			return strings.Trim(rest, "/") != ""
		}
	}
	return false
}

// open opens the other side; nothing gives an other without anything.
func (a against) open(ctx context.Context, o Options) (*other, error) {
	switch {
	case a.url != "":
		p, err := openPlace(ctx, config.Config{DatabaseURL: a.url}, o)
		return &other{place: p}, err
	case a.path != "":
		file, err := readDigests(a.path)
		return &other{file: file}, err
	}
	return &other{}, nil
}

// keptDigests is a Verification that was written to a file.
type keptDigests struct {
	path string
	Verification
}

// readDigests reads what verify --json wrote, and refuses what was changed or cut off since.
func readDigests(path string) (*keptDigests, error) {
	text, err := os.ReadFile(path)
	switch {
	case err != nil && strings.ContainsAny(path, "@="):
		return nil, errors.New("the value names no file, and is not shown since it may hold a password; " + acceptedAgainst)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s; %s", path, acceptedAgainst)
	case err != nil:
		return nil, fmt.Errorf("read the digests: %w", err)
	case bytes.HasPrefix(text, []byte("SQLite format 3\x00")):
		return nil, fmt.Errorf("%s is an archive: give sqlite:%s", path, path)
	}
	file := &keptDigests{path: path}
	if err := json.Unmarshal(text, &file.Verification); err != nil {
		return nil, fmt.Errorf("%s is not what barkeep verify --json writes: %w", path, err)
	}
	if file.Format != market.DigestFormat {
		return nil, fmt.Errorf("%s is of format %d, and this program compares format %d", path, file.Format, market.DigestFormat)
	}
	all, err := file.digest(selected{Instruments: file.Instruments, Timeframes: file.Timeframes})
	if err != nil {
		return nil, err
	}
	if market.DigestOf(all.series) != file.Verification.Digest {
		return nil, fmt.Errorf("%s was changed since it was written: its digests do not add up", path)
	}
	return file, nil
}

// digest is what the file says of the selected series; an error when it does not speak of all of them. A nil file says nothing.
func (k *keptDigests) digest(keep selected) (archiveDigest, error) {
	if k == nil {
		return archiveDigest{}, nil
	}
	d := archiveDigest{name: k.path + " (" + k.Archive + ")", faults: k.Faults}
	if !keep.within(k.selected) {
		return d, fmt.Errorf("%s was written for %s: give the same --instrument and --timeframe", k.path, k.selected)
	}
	for _, s := range k.Series {
		if !keep.has(s.Instrument, s.Timeframe) {
			continue
		}
		one := market.SeriesDigest{
			Series:  market.Series{Instrument: s.Instrument, Timeframe: market.Timeframe(s.Timeframe)},
			Counter: s.Bars, Months: s.Months,
		}
		if one.Digest() != s.Digest || one.RevisionDigest() != s.RevisionDigest || one.Bars() != s.Bars {
			return d, fmt.Errorf("%s was changed since it was written: the digests of %s do not add up", k.path, one.Series)
		}
		d.series = append(d.series, one)
	}
	return d, nil
}
