package coverage_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/sqlite"
)

// Of what the provider serves, each intraday timeframe is held against 1d, and against the one that it can be made of.
func TestPairs(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range coverage.Pairs(serves()) {
		got = append(got, p.String())
	}
	want := []string{"1m>2m", "1m>5m", "5m>15m", "15m>1h", "1m>1d", "2m>1d", "5m>1d", "15m>1d", "1h>1d"}
	if !slices.Equal(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
}

// serves are the provider's native timeframes.
func serves() (c market.Capabilities) {
	for _, t := range []market.Timeframe{market.D1, market.M1, market.M2, market.M5, market.M15, market.H1} {
		c.Native = append(c.Native, market.Native{Timeframe: t})
	}
	return c
}

// watched is an archive that notes the longest window that was read of it.
type watched struct {
	*sqlite.Archive
	longest time.Duration
	reads   int
	fail    error
}

func (w *watched) Candles(ctx context.Context, s market.Series, window market.Window) (*market.Candles, error) {
	w.longest, w.reads = max(w.longest, window.Length()), w.reads+1
	bars, err := w.Archive.Candles(ctx, s, window)
	return bars, errors.Join(err, w.fail)
}

func openArchive(t *testing.T) *watched {
	t.Helper()
	archive, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "a.db"), Now: time.Now, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &watched{Archive: archive}
}

func (w *watched) put(t *testing.T, series market.Series, bars *market.Candles) {
	t.Helper()
	tx, err := w.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Upsert(t.Context(), series, bars); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestProve proves what an archive holds, a month at a time, keeps it, and forgets nothing when it is proved again.
func TestProve(t *testing.T) {
	t.Parallel()
	archive := openArchive(t)
	w := newWorld(t, "ES", july(), 11)
	w.change(&w.days, func(_ int, c *market.Candles) { from, _ := w.session(w.days); times(c, from, 4) })
	w.days = w.days.In(market.Window{From: w.Calendar.Midnight(calendar.Date{Year: 2026, Month: time.July, Day: 1}), To: market.FarFuture()})
	morning := market.Window{From: time.Unix(w.five.TS[1000], 0), To: time.Unix(w.five.TS[1020], 0)}
	for _, timeframe := range []market.Timeframe{market.M5, market.M15} { // no whole session
		archive.put(t, market.Series{Instrument: "NQ", Timeframe: timeframe}, w.of(timeframe).In(morning))
	}
	for timeframe, bars := range map[market.Timeframe]*market.Candles{
		market.M5: w.five, market.M15: w.fifteen, market.H1: w.hours, market.D1: w.days,
		market.M30: market.Resample(w.fifteen, market.M15, market.M30, w.Calendar, market.FarFuture()), // derived: proves nothing
	} {
		archive.put(t, market.Series{Instrument: "ES", Timeframe: timeframe}, bars)
	}
	now := time.Date(2026, 8, 20, 12, 0, 0, 123456789, time.UTC)
	prover := coverage.Prover{Archive: archive, Capabilities: serves(), Now: func() time.Time { return now }}
	june, august := market.Month{Year: 2026, Month: time.June}, market.Month{Year: 2026, Month: time.August}
	instruments := []market.Instrument{resolve(t, "ES"), resolve(t, "NQ")}
	got, err := prover.Prove(t.Context(), instruments, []market.Month{june, july(), august, {Year: 2025, Month: time.July}})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := archive.ProofList(t.Context(), store.ProofFilter{})
	if err != nil || len(kept) != len(got) || len(got) != 12 { // two pairs of three months, and three of the two of which there is 1d
		t.Fatalf("%d proofs, %d kept, %v", len(got), len(kept), err)
	}
	if archive.longest > 50*24*time.Hour {
		t.Errorf("%s were read at once", archive.longest)
	}
	if archive.reads != 3*4+2*2 { // each series of ES in three months, and of NQ in two
		t.Errorf("%d reads", archive.reads)
	}
	for _, p := range kept {
		want := map[market.Disagreement]int{}
		if p.Month == july() && !p.Pair.Coarser.Intraday() {
			want[market.DisagreeScale] = 1
		}
		if !maps.Equal(p.Causes, want) || p.Sessions-p.Agreed != len(want) || !p.At.Equal(now.Truncate(time.Microsecond)) {
			t.Errorf("%+v, want the causes %v", p, want)
		}
		whole := w.compare(p.Pair)
		if p.Month == july() && (p.Sessions != whole.Sessions || p.Bars != whole.Bars) {
			t.Errorf("%s: %d sessions and %d bars of the archive, %d and %d of all bars", p.Pair, p.Sessions, p.Bars, whole.Sessions, whole.Bars)
		}
	}

	archive.fail = errors.New("the disk is gone")
	if _, err := prover.Prove(t.Context(), instruments, []market.Month{july()}); !errors.Is(err, archive.fail) {
		t.Errorf("an archive that cannot be read: %v", err)
	}
	if again, err := archive.ProofList(t.Context(), store.ProofFilter{}); err != nil || len(again) != len(kept) {
		t.Errorf("%d proofs are left of %d, %v", len(again), len(kept), err)
	}
}
