package storetest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
)

// testRevisions changes a bar again and again and reads the chain of what it was.
func testRevisions(t *testing.T, db Database) {
	var step atomic.Int64
	now := func() time.Time { return start().Add(time.Duration(step.Load()) * time.Hour) }
	archive := migrated(t, Database{Open: func(t *testing.T, _ func() time.Time) Archive { return db.Open(t, now) }})
	flagged := flat(1, 12, 100)
	flagged.Flags = market.FlagOffTick
	other := flat(1, 12, 200)
	other.High, other.Low = 13, 11
	versions := []market.Candle{flat(1, 10, market.NoVolume), flat(1, 12, 100), flagged, other}
	for i, bar := range versions {
		step.Store(int64(i))
		changed := min(i, 1)
		wantCounts(t, mustPut(t, archive, es5m(), list(flat(0, 1, 1), bar, flat(2, 3, 3))), 3*(1-changed), changed, 2*changed)
	}
	old, replaced, err := archive.Revisions(t.Context(), es5m(), always())
	if err != nil {
		t.Fatalf("revisions: %v", err)
	}
	wantBars(t, "the chain", old, list(versions[:3]...))
	want := []time.Time{start().Add(time.Hour), start().Add(2 * time.Hour), start().Add(3 * time.Hour)}
	if !slices.Equal(replaced, want) {
		t.Errorf("replaced at %v, want %v", replaced, want)
	}
	wantBars(t, "the bars", stored(t, archive, es5m()), list(flat(0, 1, 1), other, flat(2, 3, 3)))

	w := market.Window{From: flat(0, 0, 0).Start, To: flat(1, 0, 0).Start}
	if old, _, err := archive.Revisions(t.Context(), es5m(), w); err != nil || old.Len() != 0 {
		t.Errorf("revisions before the bar: %d, %v", old.Len(), err)
	}
	unknown := market.Series{Instrument: "NQ", Timeframe: market.M5}
	if old, _, err := archive.Revisions(t.Context(), unknown, always()); err != nil || old.Len() != 0 {
		t.Errorf("revisions of another series: %d, %v", old.Len(), err)
	}
}

// testVolume walks through every pair of volumes (promise P3).
func testVolume(t *testing.T, db Database) {
	archive := migrated(t, db)
	const none = market.NoVolume
	tests := []struct {
		old, given, want int64
		changed          bool
	}{
		{old: 10, given: 0, want: 10},
		{old: 10, given: none, want: 10},
		{old: 10, given: 10, want: 10},
		{old: 10, given: 5, want: 5, changed: true},
		{old: 0, given: 10, want: 10, changed: true},
		{old: none, given: 10, want: 10, changed: true},
		{old: 0, given: none, want: none, changed: true},
		{old: none, given: 0, want: 0, changed: true},
		{old: 0, given: 0, want: 0},
		{old: none, given: none, want: none},
	}
	var before, given, repriced, want []market.Candle
	changed := 0
	for i, test := range tests {
		before = append(before, flat(i, 5, test.old))
		given = append(given, flat(i, 5, test.given))
		repriced = append(repriced, flat(i, 6, 0))
		want = append(want, flat(i, 5, test.want))
		if test.changed {
			changed++
		}
	}
	mustPut(t, archive, es5m(), list(before...))
	wantCounts(t, mustPut(t, archive, es5m(), list(given...)), 0, changed, len(tests)-changed)
	wantBars(t, "the same prices", stored(t, archive, es5m()), list(want...))

	wantCounts(t, mustPut(t, archive, es5m(), list(repriced...)), 0, len(tests), 0)
	for i := range want {
		kept := max(0, want[i].Volume)
		want[i] = flat(i, 6, kept)
	}
	wantBars(t, "other prices and no volume", stored(t, archive, es5m()), list(want...))
	if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != int64(changed+len(tests)) {
		t.Errorf("%d revisions, want %d", n, changed+len(tests))
	}
}
