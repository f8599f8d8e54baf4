package export_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/export"
	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// day is within a month, and its end is near.
func day() time.Time { return time.Date(2026, 7, 30, 13, 30, 0, 0, time.UTC) }

// files are those of a report in a state.
func files(r export.Report, state export.State) (paths []string) {
	for _, f := range r.Files {
		if f.State == state {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// A folder holds what the archive does, in every kind; the next call writes what changed and nothing else.
func TestFolderFollowsTheArchive(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		minutes, days, other := series("ES", market.M1), series("^GSPC", market.D1), series("BRK-B", market.H1)
		put(t, archive, minutes, ramp(day(), time.Minute, 4000))
		put(t, archive, days, ramp(time.Date(2024, 11, 1, 5, 0, 0, 0, time.UTC), 24*time.Hour, 500))
		put(t, archive, other, ramp(day(), time.Hour, 30))
		for _, kind := range []format.Kind{format.CSV, format.Parquet, format.Arrow} {
			root := filepath.Join(t.TempDir(), "new", "folder")
			o := options(archive, root, kind)
			r := done(t, o)
			if r.Written != 6 || r.Bars != 4530 || r.Bytes == 0 || r.BytesWritten != r.Bytes {
				t.Errorf("%s: %+v", kind, r)
			}
			holds(t, archive, root)
			for _, path := range []string{
				"instrument=ES/timeframe=1m/year=2026/2026-07" + kind.Ending(),
				"instrument=%5EGSPC/timeframe=1d/year=2025/2025" + kind.Ending(),
			} {
				if !slices.Contains(files(r, export.Written), path) {
					t.Errorf("%s: there is no %s in %v", kind, path, files(r, export.Written))
				}
			}
			if r := done(t, o); r.Written != 0 || r.Kept != 6 || r.Bars != 4530 {
				t.Errorf("%s again: %+v", kind, r)
			}
		}
		root := t.TempDir()
		o := options(archive, root, format.Parquet)
		done(t, o)
		one := market.NewCandles(1)
		one.Append(bar(day(), 1))
		put(t, archive, minutes, one)
		want := []string{"instrument=ES/timeframe=1m/year=2026/2026-07.parquet"}
		if r := done(t, o); !slices.Equal(files(r, export.Written), want) || r.Kept != 5 {
			t.Errorf("after one bar changed: %+v", r)
		}
		holds(t, archive, root)
		change(t, archive, func(tx store.Tx) error {
			_, err := tx.Remove(t.Context(), other, stored(t, archive, other).TS)
			return err
		})
		r := done(t, o)
		if want := []string{"instrument=BRK-B/timeframe=1h/year=2026/2026-07.parquet"}; !slices.Equal(files(r, export.Removed), want[:1]) {
			t.Errorf("after a series went away: %+v", r)
		}
		holds(t, archive, root)
		if _, err := os.Stat(filepath.Join(root, "instrument=BRK-B")); !os.IsNotExist(err) {
			t.Errorf("its folder is still there: %v", err)
		}
	})
}

// Whatever happens to an archive and between which calls, the folder holds what the archive does after each.
func TestAnyChangesAreFollowed(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		root, before := t.TempDir(), map[string]string{}
		all := []market.Series{series("ES", market.M1), series("ES", market.M5), series("NQ", market.D1), series("AAPL", market.H4)}
		put(t, archive, all[0], ramp(day(), time.Minute, 10))
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(1, 4).Draw(r, "changes") {
				s := rapid.SampledFrom(all).Draw(r, "series")
				from := day().Add(time.Duration(rapid.IntRange(-90, 90).Draw(r, "hours")) * 12 * time.Hour)
				switch has := stored(t, archive, s); {
				case has.Len() > 0 && s != all[0] && rapid.Bool().Draw(r, "remove"):
					i := rapid.IntRange(0, has.Len()-1).Draw(r, "first")
					j := rapid.IntRange(i+1, has.Len()).Draw(r, "end")
					change(t, archive, func(tx store.Tx) error {
						_, err := tx.Remove(t.Context(), s, has.TS[i:j])
						return err
					})
				default:
					bars := market.NewCandles(0)
					for i := range rapid.IntRange(1, 5).Draw(r, "bars") {
						b := bar(from.Add(time.Duration(i)*max(s.Timeframe.Length(), 24*time.Hour)), rapid.Float64Range(-1e6, 1e6).Draw(r, "price"))
						b.Flags = market.Flag(rapid.IntRange(0, 63).Draw(r, "flags"))
						if s.Timeframe == market.H4 {
							b.Parts = market.PartsOf(rapid.IntRange(0, 4).Draw(r, "have"), 4)
						}
						bars.Append(b)
					}
					put(t, archive, s, bars)
				}
			}
			report := done(t, options(archive, root, format.Parquet))
			holds(t, archive, root)
			after := entries(t, root)
			for _, path := range files(report, export.Written) {
				if was, found := before[path]; found && was == after[path] {
					r.Fatalf("%s was written again", path)
				}
			}
			before = after
		})
	})
}

// entries are what the manifest says of files that is in them, by path.
func entries(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, h := range manifest(t, root).Series {
		for _, f := range h.Files {
			complete, err := json.Marshal(f.Complete)
			if err != nil {
				t.Fatal(err)
			}
			all[f.Path] = f.Digest.String() + string(complete)
		}
	}
	return all
}

// The months' digests are those that verify has of the archive, and the metadata of Parquet say what a file is.
func TestManifestAndMetadata(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		s := series("ES", market.M1)
		put(t, archive, s, ramp(day(), time.Minute, 4000))
		root := t.TempDir()
		done(t, options(archive, root, format.Parquet))
		digester := market.NewDigester()
		bars := stored(t, archive, s)
		for i := range bars.Len() {
			b := bars.At(i)
			digester.Bar(&market.StoredBar{
				Micros: b.Start.UnixMicro(), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Flags: int64(b.Flags),
				Volume: max(0, b.Volume), HasVolume: b.Volume != market.NoVolume,
			})
		}
		want := digester.End(s, int64(bars.Len())).Months
		var got []export.Month
		for _, f := range manifest(t, root).Series[0].Files {
			got = append(got, f.Months...)
			contents, err := format.ReadFile(format.Parquet, filepath.Join(root, f.Path), func(market.Series, *market.Candles) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			a := contents.About
			if contents.Series() != s || a["digest"] != f.Digest.String() || a["adjust"] != "split" || a["as_of"] == "" ||
				!strings.Contains(a["complete"], `"expected"`) {
				t.Errorf("%s says %v", f.Path, a)
			}
		}
		for i, m := range want {
			if len(got) != len(want) || got[i] != (export.Month{Month: m.Month, Bars: m.Bars, Digest: m.Digest}) {
				t.Fatalf("months %+v, want %+v", got, want)
			}
		}
	})
}

// An import that writes while files are written leaves no two scales in a series: all its files are of one state.
func TestImportMeanwhile(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		s := series("ES", market.M5)
		old := ramp(day(), 5*time.Minute, 3000)
		put(t, archive, s, old)
		restated := old.Clone()
		for _, column := range [][]float64{restated.Open, restated.High, restated.Low, restated.Close} {
			for i := range column {
				column[i] /= 4
			}
		}
		root := t.TempDir()
		o, wrote := options(archive, root, format.Parquet), 0
		o.Point = func(step string) {
			if wrote++; step == "file" && wrote == 2 {
				put(t, archive, s, restated)
			}
		}
		if r := done(t, o); r.Written != 2 {
			t.Fatalf("%+v", r)
		}
		if wrong := differ(exported(t, root)[s], old); wrong != "" {
			t.Errorf("what was exported while it changed: %s", wrong)
		}
		o.Point = nil
		if r := done(t, o); r.Written != 2 {
			t.Errorf("%+v", r)
		}
		holds(t, archive, root)
	})
}

// A file that no export wrote is named and left alone, as are the ones that were there.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := series("ES", market.M1)
	put(t, archive, s, ramp(day(), time.Minute, 4000))
	for _, kind := range []format.Kind{format.CSV, format.Parquet, format.Arrow} {
		root := t.TempDir()
		path := filepath.Join(root, "instrument=ES", "timeframe=1m", "year=2026", "2026-08"+kind.Ending())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mine := []byte("date,close\n2026-08-01,1\n")
		for _, known := range []bool{false, true} {
			if err := os.WriteFile(path, mine, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := export.Run(t.Context(), options(archive, root, kind))
			if !errors.Is(err, export.ErrPath) || !strings.Contains(err.Error(), path+" is in the way") {
				t.Errorf("%s, known %v: %v", kind, known, err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(mine) {
				t.Errorf("%s: the file is %q, %v", kind, got, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			done(t, options(archive, root, kind))
			holds(t, archive, root)
		}
	}
}

// One folder holds one kind, one scale and one instant; --from and --to choose whole files.
func TestOneFolderOneAnswer(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := series("ES", market.M1)
	put(t, archive, s, ramp(day(), time.Minute, 4000))
	put(t, archive, series("NQ", market.M1), ramp(day(), time.Minute, 10))
	root := t.TempDir()
	o := options(archive, root, format.Parquet)
	o.Window.From = day().AddDate(0, 0, 5)
	if r := done(t, o); !slices.Equal(files(r, export.Written), []string{"instrument=ES/timeframe=1m/year=2026/2026-08.parquet"}) {
		t.Fatalf("%+v", r)
	}
	if got := exported(t, root)[s]; got.At(0).Start.Day() != 1 {
		t.Errorf("the month begins with %v", got.At(0))
	}
	o.Window = market.Window{To: day().AddDate(0, 0, 1)}
	if r := done(t, o); len(files(r, export.Written)) != 2 || r.Removed+r.Kept != 0 {
		t.Errorf("%+v", r)
	}
	holds(t, archive, root)
	for name, other := range map[string]func(*export.Options){
		"csv":       func(o *export.Options) { o.Kind = format.CSV },
		"none":      func(o *export.Options) { o.Adjust = query.AdjustNone },
		"a pinned":  func(o *export.Options) { o.AsOf = time.Now() },
		"no series": func(o *export.Options) { o.Instruments = []string{"CL"} },
	} {
		changed := options(archive, root, format.Parquet)
		other(&changed)
		if _, err := export.Run(t.Context(), changed); !errors.Is(err, export.ErrPath) && !errors.Is(err, query.ErrNoBars) {
			t.Errorf("%s: %v", name, err)
		}
	}
	holds(t, archive, root)
	if n := len(slices.Collect(maps.Keys(exported(t, root)))); n != 2 {
		t.Errorf("%d series", n)
	}
}

// A folder that cannot be written says so, and keeps what it has.
func TestFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, archive, series("ES", market.M1), ramp(day(), time.Minute, 10))
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	inTheWay := filepath.Join(root, "folder", "instrument=ES")
	if err := os.MkdirAll(filepath.Dir(inTheWay), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inTheWay, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, names := range map[string]string{
		file: file, filepath.Join(file, "below"): file, filepath.Dir(inTheWay): inTheWay,
	} {
		_, err := export.Run(t.Context(), options(archive, path, format.Parquet))
		if !errors.Is(err, export.ErrPath) || !strings.Contains(err.Error(), names) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
