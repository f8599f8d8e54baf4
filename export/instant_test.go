package export_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"barkeep/export"
	"barkeep/format"
	"barkeep/market"
	"barkeep/store"
)

// Two exports do not write into one folder at once.
func TestOneExportAtATime(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, archive, series("ES", market.M1), ramp(day(), time.Minute, 10))
	root, asked := t.TempDir(), 0
	o := options(archive, root, format.Parquet)
	o.Point = func(string) {
		asked++
		if _, err := export.Run(t.Context(), options(archive, root, format.Parquet)); !errors.Is(err, export.ErrPath) {
			t.Errorf("a second one: %v", err)
		}
	}
	done(t, o)
	if asked == 0 {
		t.Error("nothing was written")
	}
	holds(t, archive, root)
}

// What is exported as of an instant is what was known then, and stays so.
func TestExportAsOf(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, archive store.Archive) {
		minutes := series("ES", market.M5)
		fetched(t, archive, minutes, ramp(day(), 5*time.Minute, 3000))
		old := stored(t, archive, minutes)
		at := time.Now()
		changed := ramp(day(), 5*time.Minute, 4000)
		for i := range changed.Close {
			changed.Close[i] += 0.5
		}
		fetched(t, archive, minutes, changed)
		o := options(archive, t.TempDir(), format.Parquet)
		o.AsOf = at
		done(t, o)
		if wrong := differ(exported(t, o.Path)[minutes], old); wrong != "" {
			t.Error(wrong)
		}
		if m := manifest(t, o.Path); !m.Pinned.Equal(at) || m.Series[0].Files[0].Complete != nil {
			t.Errorf("%+v", m)
		}
		if r := done(t, o); r.Written != 0 || r.Removed != 0 {
			t.Errorf("again: %+v", r)
		}
		o.Path, o.File = filepath.Join(t.TempDir(), "then.csv"), true
		o.Kind = format.CSV
		if r := done(t, o); r.Bars != int64(old.Len()) {
			t.Errorf("one file: %+v", r)
		}
	})
}
