package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store"
)

// asOfTests are those of what was known when.
func asOfTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"as of: what was written is what a plain list says": testAsOf,
		"as of: spans hold what arrived and nothing else":   testArrivals,
		"as of: a long mixed batch":                         testArrivalsMixed,
		"as of: bars of before arrivals were recorded":      testArrivalsMigrated,
		"as of: an earlier release writes":                  testArrivalsOfEarlierRelease,
		"as of: derived series have no arrivals":            testArrivalsOfDerived,
		"as of: clocks that stand still or go back":         testArrivalClocks,
		"as of: while others write":                         testAsOfWhileWriting,
		"revisions: by which run, and why":                  testRevisionsOf,
		"datasets: by name":                                 testDatasets,
		"proofs: by instrument and month":                   testProofs,
	}
}

// testAsOf writes at random, as two releases do and by a clock that stands still and goes back, changes the scale and takes that
// back, and reads what was known at random instants: a hundred histories with twenty instants each, of which the model says by an
// arrival and a value a bar what is right.
func testAsOf(t *testing.T, db Database) {
	var clock atomic.Int64
	now := func() time.Time { return start().Add(time.Duration(clock.Load()) * time.Microsecond) }
	l := &history{T: t, db: db, archive: migrated(t, Database{
		Open: func(t *testing.T, _ func() time.Time) Archive { return db.Open(t, now) },
	}), now: now}
	rapid.Check(t, func(rt *rapid.T) {
		l.cases++
		l.series = market.Series{Instrument: fmt.Sprintf("CASE%d", l.cases), Timeframe: market.M1}
		l.want, l.scales = newModel(), nil
		for range rapid.IntRange(2, 8).Draw(rt, "transactions") {
			clock.Add(rapid.SampledFrom([]int64{0, 1, 1, 1_000_000, -3, -1_000_000}).Draw(rt, "clock"))
			if l.want.past.written && rapid.IntRange(0, 19).Draw(rt, "an earlier release if 0") == 0 {
				l.earlier(rt)
				l.read(rt)
				continue
			}
			l.transact(rt)
		}
		compare(t, rt, l.archive, l.series, l.want)
		for range 20 {
			l.read(rt)
		}
	})
	t.Logf("%d histories with %d restatements, %d of them taken back; %d instants were read, %d of them before the first arrival",
		l.cases, l.restated, l.takenBack, l.reads, l.refused)
}

// history is one series in the making.
type history struct {
	*testing.T
	db      Database
	archive Archive
	now     func() time.Time
	cases   int
	series  market.Series
	want    *model
	scales  []store.Restatement

	restated, takenBack, reads, refused int // in all cases
}

// transact writes a few times in one transaction, and may roll it back.
func (l *history) transact(rt *rapid.T) {
	tx, err := l.archive.Begin(l.Context())
	if err != nil {
		rt.Fatalf("begin: %v", err)
	}
	defer tx.Rollback()
	before, scales := l.want.clone(), len(l.scales)
	for range rapid.IntRange(1, 4).Draw(rt, "writes") {
		switch rapid.SampledFrom([]string{"answer", "answer", "fold", "remove", "restate", "restate"}).Draw(rt, "write") {
		case "answer":
			bars := answer(rt)
			if _, err = tx.Upsert(l.Context(), l.series, bars); err == nil {
				l.want.put(bars, false, l.now())
			}
		case "fold":
			bars := answer(rt)
			if _, err = tx.UpsertExact(l.Context(), l.series, bars); err == nil {
				l.want.put(bars, true, l.now())
			}
		case "remove":
			starts := answer(rt).TS
			if _, err = tx.Remove(l.Context(), l.series, starts); err == nil {
				l.want.remove(starts, l.now())
			}
		case "restate":
			if !l.want.past.tracked || len(l.want.bars) == 0 {
				continue
			}
			err = l.restate(rt, tx)
		}
		if err != nil {
			rt.Fatalf("write: %v", err)
		}
	}
	if rapid.IntRange(0, 4).Draw(rt, "roll back if 0") == 0 {
		l.want, l.scales = before, l.scales[:scales]
		return
	}
	if err := tx.Commit(l.Context()); err != nil {
		rt.Fatalf("commit: %v", err)
	}
}

// answer draws bars of few starts, whose volumes no factors of restate make 0.
func answer(rt *rapid.T) *market.Candles {
	bars := batch().Draw(rt, "bars")
	for i, v := range bars.Volume {
		if v > 0 {
			bars.Volume[i] = 1_000_000 + v%1000
		}
	}
	return bars
}

// restate changes the scale, or takes a change back that was not taken back, the newest one or another.
func (l *history) restate(rt *rapid.T, tx store.Tx) error {
	if open := l.notTakenBack(); len(open) > 0 && rapid.Bool().Draw(rt, "take back") {
		undone := rapid.SampledFrom(open).Draw(rt, "which")
		done, err := tx.Unstate(l.Context(), undone)
		l.scales, l.takenBack = append(l.scales, done), l.takenBack+1
		l.want.restate(done, l.now(), undone.At.UnixMicro())
		return err
	}
	ratio := rapid.SampledFrom([]market.Ratio{{Num: 1, Den: 4}, {Num: 3, Den: 1}, {Num: 2, Den: 3}, {}}).Draw(rt, "ratio")
	r := store.Restatement{
		Series: l.series, Factor: market.Factor{Price: ratio, Volume: ratio.Inverse()},
		Before: time.Unix(opening+60*rapid.Int64Range(-3, 30).Draw(rt, "before"), 0).UTC(),
	}
	if ratio == (market.Ratio{}) {
		r.Factor.Price = market.Ratio{Num: 1, Den: 100}
	}
	if rapid.IntRange(0, 2).Draw(rt, "of one listing if 0") == 0 {
		r.From = time.Unix(opening+60*rapid.Int64Range(-3, 30).Draw(rt, "from"), 0).UTC()
	}
	done, err := tx.Restate(l.Context(), r)
	l.scales, l.restated = append(l.scales, done), l.restated+1
	l.want.restate(r, l.now(), 0)
	return err
}

// notTakenBack are the restatements that stand.
func (l *history) notTakenBack() (open []store.Restatement) {
	undone := map[int64]bool{}
	for _, r := range l.scales {
		undone[r.Undoes] = true
	}
	for _, r := range l.scales {
		if r.Undoes == 0 && !undone[r.Number] {
			open = append(open, r)
		}
	}
	return open
}

// earlier lets an earlier release write a bar that is not there, and the row of the series as it does: one noted its bars,
// another did not.
func (l *history) earlier(rt *rapid.T) {
	ts := opening + 60*rapid.Int64Range(-3, 40).Draw(rt, "minute")
	if _, there := l.want.bars[ts]; there {
		return
	}
	l.want.earlier(market.Candle{Start: time.Unix(ts, 0).UTC(), Open: 7, High: 8, Low: 6, Close: 7, Volume: 9})
	noted := ``
	if rapid.Bool().Draw(rt, "it notes what it wrote") {
		starts := slices.Sorted(maps.Keys(l.want.bars))
		noted = fmt.Sprintf(`, counted = bars + 1, version = version + bars - counted + 5, first_ts = %d, last_ts = %d`,
			starts[0], starts[len(starts)-1])
	}
	l.db.Query(l.T, fmt.Sprintf(`UPDATE series SET bars = bars + 1%s WHERE instrument = '%s' RETURNING 1`,
		noted, l.series.Instrument))
	l.db.Query(l.T, fmt.Sprintf(`
		INSERT INTO candles (series_id, ts, open, high, low, close, volume)
		SELECT id, %s, 7, 8, 6, 7, 9 FROM series WHERE instrument = '%s' RETURNING 1`, l.db.TS(ts), l.series.Instrument))
}

// instant draws one near a write, or any between the first and the last, and most of them at or after the first arrival.
func (l *history) instant(rt *rapid.T) time.Time {
	p, known := &l.want.past, map[int64]bool{}
	for _, events := range p.known {
		for _, e := range events {
			known[e.at] = true
		}
	}
	writes := slices.Sorted(maps.Keys(known))
	if p.tracked && p.first != 0 && rapid.IntRange(0, 9).Draw(rt, "any if 0") != 0 {
		writes = slices.DeleteFunc(writes, func(at int64) bool { return at < p.first })
	}
	switch {
	case len(writes) == 0:
		return start()
	case rapid.Bool().Draw(rt, "near a write"):
		return time.UnixMicro(rapid.SampledFrom(writes).Draw(rt, "write") + rapid.Int64Range(-1, 1).Draw(rt, "off"))
	}
	return time.UnixMicro(rapid.Int64Range(writes[0], writes[len(writes)-1]+2).Draw(rt, "instant"))
}

// read reads a window as of an instant.
func (l *history) read(rt *rapid.T) {
	at, p := l.instant(rt), &l.want.past
	w := market.Window{
		From: time.Unix(opening+60*rapid.Int64Range(-5, 20).Draw(rt, "from"), 0),
		To:   time.Unix(opening+60*rapid.Int64Range(0, 45).Draw(rt, "to"), 0),
	}
	want, recorded := l.want.asOf(at, w)
	if l.reads++; !recorded {
		l.refused++
	}
	got, err := l.archive.CandlesAsOf(l.Context(), l.series, w, at)
	switch {
	case recorded && err != nil:
		rt.Fatalf("as of %d: %v", at.UnixMicro(), err)
	case !recorded && (!errors.Is(err, store.ErrBeforeArrivals) || !strings.Contains(err.Error(), l.series.String())):
		rt.Fatalf("as of %d, which is not recorded: %v, %v", at.UnixMicro(), got, err)
	case recorded:
		wantBars(rt, fmt.Sprintf("as of %d", at.UnixMicro()), got, want)
	}
	first, found, err := l.archive.FirstArrival(l.Context(), l.series)
	if want := p.tracked && p.first != 0; err != nil || found != want || want && first.UnixMicro() != p.first {
		rt.Fatalf("the first arrival is %d, %v, %v; want %d", first.UnixMicro(), found, err, p.first)
	}
}

// testAsOfWhileWriting reads while another writes: each read is of one state, though it takes several statements.
func testAsOfWhileWriting(t *testing.T, db Database) {
	var clock atomic.Int64
	now := func() time.Time { return start().Add(time.Duration(clock.Add(1)) * time.Second) }
	archive := db.Open(t, now)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, archive, es5m(), ramp(400))
	at, _, err := archive.FirstArrival(t.Context(), es5m())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			other := ramp(400)
			for k := range other.Close {
				other.Close[k] += float64(i%2) / 4
			}
			if _, err := put(context.WithoutCancel(ctx), archive, es5m(), other); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 50 {
		got, err := archive.CandlesAsOf(t.Context(), es5m(), always(), at)
		if err != nil {
			t.Errorf("as of the first arrival: %v", err)
			break
		}
		if err := diff(got, ramp(400)); err != nil {
			t.Errorf("as of the first arrival: %v", err)
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
