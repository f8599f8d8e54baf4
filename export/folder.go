package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// folder is the root of a partitioned export.
type folder struct {
	*exporter
	manifest Manifest
	trusted  bool // what the manifest says of files is so
	begun    bool // something was written
}

// toFolder brings a folder to what the archive holds. All series of an instrument are of one state of the archive.
func (e *exporter) toFolder(ctx context.Context, all []span) (err error) {
	if err := makeFolder(e.Path); err != nil {
		return err
	}
	root, err := os.Open(e.Path)
	if err != nil {
		return unusable{err}
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := lock(root); err != nil {
		return unusable{fmt.Errorf("another export writes into %s: %w", e.Path, err)}
	}
	f := &folder{exporter: e}
	if f.manifest, err = readManifest(e.in(ManifestName)); err != nil {
		return err
	}
	if err := f.manifest.fits(e.Options); err != nil {
		return err
	}
	f.trusted = !f.manifest.Writing && f.manifest.DigestFormat == market.DigestFormat
	f.manifest.Format, f.manifest.DigestFormat = manifestFormat, market.DigestFormat
	f.manifest.Kind, f.manifest.Adjust, f.manifest.Pinned = e.Kind, e.Adjust, e.AsOf.UTC()
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].series.Instrument == all[0].series.Instrument {
			n++
		}
		err := e.Archive.Still(ctx, func(still store.Still) error { return f.instrument(ctx, still, all[:n]) })
		if err != nil {
			return err
		}
		all = all[n:]
	}
	if err := f.removeGone(); err != nil {
		return err
	}
	e.Point("exported")
	f.manifest.Writing = false
	return f.manifest.write(e.in(ManifestName))
}

// instrument writes the series of one instrument.
func (f *folder) instrument(ctx context.Context, still store.Still, all []span) error {
	reader, err := f.reader(still)
	if err != nil {
		return err
	}
	for _, s := range all {
		at := f.asOf()
		for _, p := range f.periods(s) {
			if err := f.period(ctx, reader, s.series, p, at); err != nil {
				return err
			}
		}
		if h := f.manifest.holdings(s.series); len(h.Files) > 0 {
			h.AsOf = at
		}
		if err := f.tidy(s.series); err != nil {
			return err
		}
	}
	return nil
}

// gathered are the bars of a file, and how complete they are.
type gathered struct {
	bars     *market.Candles
	complete *Complete
	judged   time.Time
	notes    []string
}

// Begin notes how complete they are.
func (g *gathered) Begin(h query.Head) error {
	if g.complete, g.notes = completeOf(h), h.Notes; g.complete != nil {
		g.judged = h.Complete.Horizon
	}
	return nil
}

// Bars adds bars.
func (g *gathered) Bars(bars *market.Candles) error {
	g.bars.AppendAll(bars)
	return nil
}

// period brings one file to what the archive holds.
func (f *folder) period(ctx context.Context, reader *query.Reader, series market.Series, p period, at time.Time) error {
	g := gathered{bars: market.NewCandles(0)}
	notes, err := reader.Stream(ctx, f.request(series, p.window), &g)
	if errors.Is(err, query.ErrNoBars) {
		err = nil
	}
	if err != nil {
		return err
	}
	f.note(append(g.notes, notes...))
	f.tell(series, g.bars.Len())
	if g.bars.Len() == 0 {
		return nil // removeGone takes a file away that has had bars
	}
	proof := newProof()
	proof.add(g.bars)
	want := proof.end(series)
	entry := Entry{
		Path: filePath(series, p, f.Kind), From: p.window.From, To: p.window.To, Bars: want.Bars(), Digest: want.Digest(),
		Months: monthsOf(want.SeriesDigest), Complete: g.complete,
	}
	state := Kept
	if entry.Bytes, err = f.there(series, entry, want); err != nil {
		return err
	}
	if entry.Bytes == 0 {
		state = Written
		if entry.Bytes, err = f.write(series, entry, g, want, at); err != nil {
			return err
		}
	}
	holdings := f.manifest.holdings(series)
	holdings.JudgedTo = g.judged
	holdings.set(entry)
	f.report.add(Exported{entry.Path, series.Instrument, string(series.Timeframe), state, entry.Bars, entry.Bytes})
	return nil
}

// there is the size of the file if it is what is wanted already, and 0 if it has to be written. A file that no export wrote is an
// error.
func (f *folder) there(series market.Series, want Entry, bars sum) (int64, error) {
	path := f.in(want.Path)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, unusable{err}
	}
	known, found := f.manifest.holdings(series).entry(want.Path)
	if found && f.trusted && known.Bytes == info.Size() && info.Mode().IsRegular() {
		if known.Digest == want.Digest && f.sameFacts(known.Complete, want.Complete) {
			return info.Size(), nil
		}
		return 0, nil
	}
	// An export that was killed may have written it.
	has, contents, err := readBack(f.Kind, path, series)
	if !found && err == nil && contents.Series() != (market.Series{}) && contents.Series() != series {
		err = fmt.Errorf("%w: it holds %s", format.ErrForeign, contents.Series())
	}
	switch {
	case err != nil && (!found || errors.Is(err, format.ErrForeign) || !info.Mode().IsRegular()):
		return 0, unusable{fmt.Errorf("%s is in the way: %w; move it away", path, err)}
	case err != nil || !equal(has, map[market.Series]sum{series: bars}) || !f.saysSame(contents, want.Complete):
		return 0, nil
	}
	return info.Size(), nil
}

// sameFacts tells whether a file says the right thing of how complete it is. CSV says nothing.
func (f *folder) sameFacts(a, b *Complete) bool {
	first, _ := json.Marshal(a)  //nolint:errchkjson // numbers and texts
	second, _ := json.Marshal(b) //nolint:errchkjson // the same
	return f.Kind == format.CSV || string(first) == string(second)
}

// saysSame is sameFacts of a file that was read.
func (f *folder) saysSame(c format.Contents, want *Complete) bool {
	text, _ := json.Marshal(want) //nolint:errchkjson // numbers and texts
	said, told := c.About["complete"]
	return f.Kind == format.CSV || told && said == string(text) || !told && want == nil
}

// write writes a file.
func (f *folder) write(series market.Series, entry Entry, g gathered, want sum, at time.Time) (int64, error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	o := format.Options{
		Series: series, Columns: format.ColumnsOf(true, false), // the same in all files, since readers take the columns of the first
		About: append(f.facts(at, g.complete), format.Fact{Name: "digest", Value: entry.Digest.String()}),
	}
	size, err := publish(f.in(entry.Path), func(to io.Writer) error {
		w, err := format.New(f.Kind, to, o)
		if err == nil {
			err = w.Write(series, g.bars)
		}
		if err == nil {
			err = w.Close(nil)
		}
		f.Point("writing")
		return err
	}, func(path string) error {
		return check(f.Kind, path, series, map[market.Series]sum{series: want})
	}, func() bool { return true })
	f.Point("file")
	return size, err
}

// begin notes that files are being written, before the first one.
func (f *folder) begin() error {
	if f.begun || f.manifest.Writing {
		return nil
	}
	f.begun, f.manifest.Writing = true, true
	return f.manifest.write(f.in(ManifestName))
}

// removeGone takes away files that an export wrote and of whose bars the archive has none any more.
func (f *folder) removeGone() error {
	present := map[string]bool{}
	for _, e := range f.report.Files {
		present[e.Path] = true
	}
	for i := range f.manifest.Series {
		h := &f.manifest.Series[i]
		if len(f.Instruments) > 0 && !slices.Contains(f.Instruments, h.Instrument) ||
			len(f.Timeframes) > 0 && !slices.Contains(f.Timeframes, h.Timeframe) {
			continue
		}
		for _, e := range slices.Clone(h.Files) {
			if present[e.Path] || !f.asked(period{window: market.Window{From: e.From, To: e.To}}) || !filepath.IsLocal(e.Path) {
				continue
			}
			if err := f.begin(); err != nil {
				return err
			}
			if err := os.Remove(f.in(e.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove what the archive does not hold any more: %w", err)
			}
			h.drop(e.Path)
			f.report.add(Exported{e.Path, h.Instrument, string(h.Timeframe), Removed, e.Bars, e.Bytes})
			for folder := filepath.Dir(f.in(e.Path)); folder != filepath.Clean(f.Path); folder = filepath.Dir(folder) {
				if os.Remove(folder) != nil {
					break // it holds something
				}
			}
		}
	}
	return nil
}

// tidy takes away what exports left that were killed.
func (f *folder) tidy(series market.Series) error {
	root := f.in(seriesPath(series))
	years, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, year := range years {
		if year.IsDir() {
			err = errors.Join(err, sweep(filepath.Join(root, year.Name()), ""))
		}
	}
	return err
}
