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

// testAsOf writes at random, as two releases do and by a clock that stands still and goes back, and reads what was known at
// random instants. A hundred histories with a dozen instants each.
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
		for range rapid.IntRange(1, 7).Draw(rt, "transactions") {
			clock.Add(rapid.SampledFrom([]int64{0, 1, 1, 1_000_000, -3, -1_000_000}).Draw(rt, "clock"))
			if l.want.past.written && rapid.IntRange(0, 9).Draw(rt, "an earlier release if 0") == 0 {
				l.earlier(rt)
				l.read(rt)
				continue
			}
			l.transact(rt)
		}
		compare(t, rt, l.archive, l.series, l.want)
		for range 12 {
			l.read(rt)
		}
	})
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
}

// transact writes a few times in one transaction, and may roll it back.
func (l *history) transact(rt *rapid.T) {
	tx, err := l.archive.Begin(l.Context())
	if err != nil {
		rt.Fatalf("begin: %v", err)
	}
	defer tx.Rollback()
	before, scales := l.want.clone(), len(l.scales)
	var after []func()
	for range rapid.IntRange(1, 4).Draw(rt, "writes") {
		switch rapid.SampledFrom([]string{"answer", "answer", "fold", "remove", "restate"}).Draw(rt, "write") {
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
			var then func()
			then, err = l.restate(rt, tx)
			after = append(after, then)
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
	for _, do := range after {
		do()
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

// restate changes the scale, or takes the newest change back that was not taken back.
func (l *history) restate(rt *rapid.T, tx store.Tx) (after func(), err error) {
	ratio := rapid.SampledFrom([]market.Ratio{{Num: 1, Den: 4}, {Num: 3, Den: 1}, {Num: 2, Den: 3}, {}}).Draw(rt, "ratio")
	r := store.Restatement{
		Series: l.series, Number: int64(len(l.scales) + 1), Factor: market.Factor{Price: ratio, Volume: ratio.Inverse()},
		Before: time.Unix(opening+60*rapid.Int64Range(-3, 30).Draw(rt, "before"), 0).UTC(),
	}
	if ratio == (market.Ratio{}) {
		r.Factor.Price = market.Ratio{Num: 1, Den: 100}
	}
	if n := len(l.scales); n > 0 && l.scales[n-1].Undoes == 0 && rapid.Bool().Draw(rt, "undo") {
		last := l.scales[n-1]
		r.Undoes, r.Before, r.Factor = last.Number, last.Before, last.Factor.Inverse()
	}
	var done store.Restatement
	undone := int64(0)
	if r.Undoes != 0 {
		last := l.scales[len(l.scales)-1]
		undone = last.At.UnixMicro()
		done, err = tx.Unstate(l.Context(), last)
	} else {
		done, err = tx.Restate(l.Context(), r)
	}
	if err != nil && strings.Contains(err.Error(), "not built yet") {
		l.scales = append(l.scales, r)
		return l.restateBySQL(rt, tx, r)
	}
	l.scales = append(l.scales, done)
	l.want.restate(r.Before.Unix(), r.Factor, l.now(), undone)
	return func() {}, err
}

// restateBySQL writes what a restatement writes, until Tx.Restate does: the bars, the row, and a revision of each bar alone that
// the inverse does not restore.
func (l *history) restateBySQL(rt *rapid.T, tx store.Tx, r store.Restatement) (after func(), err error) {
	bars, err := tx.Candles(l.Context(), l.series, market.Window{From: always().From, To: r.Before})
	if err != nil {
		return nil, err
	}
	restated, restores := market.NewCandles(0), []string{"NULL"}
	for i := range bars.Len() {
		restated.Append(r.Factor.Apply(bars.At(i)))
		if r.Factor.Restores(bars.At(i)) {
			restores = append(restores, l.db.TS(bars.TS[i]))
		}
	}
	if restated.Len() == 0 {
		return func() {}, nil
	}
	before := l.want.clone()
	l.want.restate(r.Before.Unix(), r.Factor, l.now(), 0)
	stored, err := tx.UpsertExact(l.Context(), l.series, restated)
	if stored.Changed == 0 { // they are all 0
		l.want = before
		return func() {}, err
	}
	at, f := l.want.past.last, r.Factor
	return func() {
		id := l.db.Query(l.T, fmt.Sprintf(`SELECT id FROM series WHERE instrument = '%s'`, l.series.Instrument))
		l.db.Query(l.T, fmt.Sprintf(`
			INSERT INTO restatements (series_id, number, at, action, undoes, reason, before_ts, price_num, price_den, volume_num,
			                          volume_den, bars, kept)
			VALUES (%d, %d, %d, 0, %d, '', %d, %v, %v, %v, %v, 0, 0) RETURNING 1`,
			id, r.Number, at, r.Undoes, r.Before.Unix(), f.Price.Num, f.Price.Den, f.Volume.Num, f.Volume.Den))
		where := fmt.Sprintf(`WHERE series_id = %d AND replaced_at = %s AND ts IN (%s)`,
			id, l.db.Replaced(at), strings.Join(restores, ", "))
		for l.db.Query(l.T, `SELECT count(*) FROM candle_revisions `+where) > 0 {
			l.db.Query(l.T, `DELETE FROM candle_revisions `+where+` RETURNING 1`)
		}
	}, err
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

// read reads a window as of an instant near a write.
func (l *history) read(rt *rapid.T) {
	at, p := start(), &l.want.past
	var writes []int64
	for _, events := range p.known {
		for _, e := range events {
			writes = append(writes, e.at)
		}
	}
	if len(writes) > 0 {
		// The list came from a map, so it is drawn by value.
		low, high := writes[0], writes[0]
		for _, w := range writes {
			low, high = min(low, w), max(high, w)
		}
		at = time.UnixMicro(rapid.Int64Range(low-2, high+2).Draw(rt, "instant"))
	}
	w := market.Window{
		From: time.Unix(opening+60*rapid.Int64Range(-5, 20).Draw(rt, "from"), 0),
		To:   time.Unix(opening+60*rapid.Int64Range(0, 45).Draw(rt, "to"), 0),
	}
	want, recorded := l.want.asOf(at, w)
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
			if _, err := put(t.Context(), archive, es5m(), other); err != nil {
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
