package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// ManifestName is the file in the root of a folder that says what is there. Hive's readers leave out names that begin like this.
const ManifestName = "_barkeep.json"

// manifestFormat numbers the form of Manifest.
const manifestFormat = 1

// Manifest says what a folder holds.
type Manifest struct {
	Format       int          `json:"format"`
	DigestFormat int          `json:"digest_format"` // market.DigestFormat
	Kind         format.Kind  `json:"kind"`
	Adjust       query.Adjust `json:"adjust"`
	Pinned       time.Time    `json:"pinned,omitzero"` // the instant as of which all is, where one was asked for
	// Writing is true from the first file that an export writes until its end: what is said of files may be old.
	Writing bool       `json:"writing,omitempty"`
	Series  []Holdings `json:"series"` // by instrument, the shortest timeframe first
}

// Holdings are the files of a series.
type Holdings struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	AsOf       time.Time        `json:"as_of"` // when the archive held these bars
	// JudgedTo is up to when imports had asked for bars: Complete of the files tells of those that were over by then. It is zero
	// where nothing was judged, and of an export as of an instant.
	JudgedTo time.Time `json:"judged_to,omitzero"`
	Files    []Entry   `json:"files"` // in order
}

// Entry is a file.
type Entry struct {
	Path     string        `json:"path"` // below the root, with slashes
	From     time.Time     `json:"from"` // bars that start in [From, To)
	To       time.Time     `json:"to"`
	Bars     int64         `json:"bars"`
	Bytes    int64         `json:"bytes"`
	Digest   market.Digest `json:"digest"` // over the months', as verify has it of a series
	Months   []Month       `json:"months"`
	Complete *Complete     `json:"complete,omitempty"`
}

// Month is what a file holds of a month, as verify has it.
type Month struct {
	Month  market.Month  `json:"month"`
	Bars   int64         `json:"bars"`
	Digest market.Digest `json:"digest"`
}

// monthsOf are the months of a digest.
func monthsOf(s market.SeriesDigest) (all []Month) {
	for _, m := range s.Months {
		all = append(all, Month{m.Month, m.Bars, m.Digest})
	}
	return all
}

// series is the one of holdings.
func (h *Holdings) series() market.Series {
	return market.Series{Instrument: h.Instrument, Timeframe: h.Timeframe}
}

// readManifest reads that of a folder; the zero Manifest when there is none.
func readManifest(path string) (m Manifest, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, unusable{err}
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, unusable{fmt.Errorf("%s cannot be read: %w; remove it, and the files are compared anew", path, err)}
	}
	if m.Format != manifestFormat {
		return m, unusable{fmt.Errorf("%s has the format %d, and this release knows %d: give another folder", path, m.Format,
			manifestFormat)}
	}
	return m, nil
}

// fits refuses a folder whose files are of another kind or scale, or as of another instant: one folder holds one answer.
func (m *Manifest) fits(o Options) error {
	if m.Format == 0 {
		return nil
	}
	describe := func(k format.Kind, a query.Adjust, at time.Time) string {
		text := fmt.Sprintf("%s, adjust %s", k, a)
		if !at.IsZero() {
			text += ", as of " + at.UTC().Format(time.RFC3339Nano)
		}
		return text
	}
	has, want := describe(m.Kind, m.Adjust, m.Pinned), describe(o.Kind, o.Adjust, o.AsOf)
	if has != want {
		return unusable{fmt.Errorf("%s holds an export of another kind (%s; asked for is %s): give another folder", o.Path, has, want)}
	}
	return nil
}

// write writes it as a file, at once or not at all.
func (m *Manifest) write(path string) error {
	sorted := *m
	sorted.Series = slices.DeleteFunc(slices.Clone(m.Series), func(h Holdings) bool { return len(h.Files) == 0 })
	slices.SortFunc(sorted.Series, func(a, b Holdings) int { return a.series().Compare(b.series()) })
	text, err := json.MarshalIndent(sorted, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	text = append(text, '\n')
	_, err = publish(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}, func(path string) error {
		back, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(back, text) {
			err = errDiffers
		}
		return err
	}, func() bool { return true })
	return err
}

// holdings are those of a series, which are made when there are none.
func (m *Manifest) holdings(s market.Series) *Holdings {
	i := slices.IndexFunc(m.Series, func(h Holdings) bool { return h.series() == s })
	if i < 0 {
		i = len(m.Series)
		m.Series = append(m.Series, Holdings{Instrument: s.Instrument, Timeframe: s.Timeframe})
	}
	return &m.Series[i]
}

// entry is that of a path; false when there is none.
func (h *Holdings) entry(path string) (Entry, bool) {
	for _, e := range h.Files {
		if e.Path == path {
			return e, true
		}
	}
	return Entry{}, false
}

// set keeps an entry in the place of one of the same path.
func (h *Holdings) set(e Entry) {
	h.drop(e.Path)
	h.Files = append(h.Files, e)
	slices.SortFunc(h.Files, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
}

func (h *Holdings) drop(path string) {
	h.Files = slices.DeleteFunc(h.Files, func(e Entry) bool { return e.Path == path })
}
