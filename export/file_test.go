package export_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/export"
	"barkeep/format"
	"barkeep/market"
	"barkeep/store"
)

// One file holds the bars of a window to the bar, of one series or several; the next call leaves it when nothing changed.
func TestOneFile(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		es, nq := series("ES", market.M1), series("NQ", market.M5)
		put(t, archive, es, ramp(day(), time.Minute, 4000))
		put(t, archive, nq, ramp(day(), 5*time.Minute, 50))
		window := market.Window{From: day().Add(90 * time.Second), To: day().Add(100 * time.Minute)}
		for _, kind := range []format.Kind{format.CSV, format.Parquet, format.Arrow} {
			for _, names := range [][]string{{"ES"}, nil} {
				o := options(archive, filepath.Join(t.TempDir(), "bars"+kind.Ending()), kind)
				o.File, o.Window, o.Instruments = true, window, names
				r := done(t, o)
				got := map[market.Series]*market.Candles{}
				contents, err := format.ReadFile(kind, o.Path, func(s market.Series, bars *market.Candles) error {
					if s == (market.Series{}) {
						s = es
					}
					if got[s] == nil {
						got[s] = market.NewCandles(0)
					}
					got[s].AppendAll(bars)
					return nil
				})
				if err != nil || r.Written != 1 || r.Bars != contents.Bars {
					t.Fatal(kind, r, err)
				}
				want := map[market.Series]*market.Candles{es: stored(t, archive, es).In(market.Window{From: day().Add(2 * time.Minute), To: window.To})}
				if names == nil {
					want[nq] = stored(t, archive, nq).In(market.Window{From: day().Add(5 * time.Minute), To: window.To})
				}
				for s, bars := range want {
					if wrong := differ(got[s], bars); wrong != "" || len(got) != len(want) {
						t.Errorf("%s %s: %s", kind, s, wrong)
					}
				}
				told := contents.About["digest"] != "" && strings.Contains(contents.About["complete"], "expected") ||
					strings.Contains(contents.About["series"], `"digest"`)
				if kind == format.Parquet && (!told || contents.About["adjust"] != "split") {
					t.Errorf("%s says %v", kind, contents.About)
				}
				if r := done(t, o); r.Kept != 1 || r.Written != 0 || r.Bars != contents.Bars {
					t.Errorf("%s again: %+v", kind, r)
				}
				if left := filesIn(t, filepath.Dir(o.Path)); len(left) != 1 {
					t.Errorf("%s: %v are left", kind, left)
				}
			}
		}
	})
}

// A file of somebody else is named and not overwritten; an older export of ours is.
func TestOneFileInTheWay(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := series("ES", market.M1)
	put(t, archive, s, ramp(day(), time.Minute, 100))
	for _, kind := range []format.Kind{format.CSV, format.Parquet, format.Arrow} {
		o := options(archive, filepath.Join(t.TempDir(), "bars"+kind.Ending()), kind)
		o.File = true
		if err := os.WriteFile(o.Path, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := export.Run(t.Context(), o); !errors.Is(err, export.ErrPath) || !strings.Contains(err.Error(), o.Path) {
			t.Errorf("%s: %v", kind, err)
		}
		if got, err := os.ReadFile(o.Path); err != nil || string(got) != "mine" {
			t.Errorf("%s: %q %v", kind, got, err)
		}
		if err := os.Remove(o.Path); err != nil {
			t.Fatal(err)
		}
		o.Window.To = day().Add(time.Hour)
		done(t, o)
		o.Window.To = time.Time{}
		if r := done(t, o); r.Written != 1 || r.Bars != 100 {
			t.Errorf("%s: %+v", kind, r)
		}
	}
}
