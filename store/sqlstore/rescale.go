package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// barsPerRescale is how many bars one statement brings to another scale: it takes a part of a second, where a server ends a statement
// after half a minute, and the end of a context is seen between two of them.
const barsPerRescale = 50_000

// rescaling brings the bars of a series to another scale, a range at a time.
type rescaling struct {
	tx     Tx
	row    SeriesRow
	at     time.Time // of the revisions
	run    int64
	scale  scale
	back   scale              // the inverse
	undone *store.Restatement // of which bars that have their values of before it get them back; nil for none
	redo   scale              // of undone
}

// prices are the columns that a scale multiplies, beside the volume.
func prices() []string { return []string{"open", "high", "low", "close"} }

// before brings the bars up to a start, that one included, and counts them and those whose values it kept.
func (r *rescaling) before(ctx context.Context, last int64) (bars, kept int, err error) {
	for first := r.row.first; r.row.State.Count > 0 && first <= last; {
		to, n, err := r.next(ctx, first, last)
		if err != nil || n == 0 {
			return bars, kept, err
		}
		saved, err := r.keep(ctx, first, to)
		if err != nil {
			return 0, 0, err
		}
		written, err := r.write(ctx, first, to)
		if err != nil {
			return 0, 0, err
		}
		if written != n {
			return 0, 0, fmt.Errorf("%d bars were written where %d should have been", written, n)
		}
		bars, kept, first = bars+int(n), kept+int(saved), to+1
	}
	return bars, kept, nil
}

// source is SQL of the bars of a range with what they become: the columns of candles, those with new_ before them, NULL where a value
// would be lost, and known, which tells that the bar has its values of before what is undone.
func (r *rescaling) source(b *binder, first, last int64) string {
	known, join := "FALSE", ""
	became := func(column string) string { return r.scale.price(b, "c."+column) }
	volume := r.scale.volume(b, "c.volume")
	if r.undone != nil {
		known = "k.ts IS NOT NULL"
		became = func(column string) string {
			return "CASE WHEN k.ts IS NULL THEN " + r.scale.price(b, "c."+column) + " ELSE k." + column + " END"
		}
		volume = "CASE WHEN k.ts IS NULL THEN " + volume + " ELSE k.volume END"
		join = r.former(b)
	}
	sql := "SELECT c.ts, c.volume, c.flags, " + known + " AS known, " + volume + " AS new_volume"
	for _, column := range prices() {
		sql += ", c." + column + ", " + became(column) + " AS new_" + column
	}
	return sql + " FROM candles c " + join + " WHERE " + r.between(b, first, last)
}

// former joins the values that were kept by what is undone, if they still give those of the bar.
func (r *rescaling) former(b *binder) string {
	sql := ` LEFT JOIN candle_revisions k ON k.series_id = c.series_id AND k.ts = c.ts AND k.cause = ` + b.whole(int64(store.CauseRestated)) +
		` AND k.replaced_at = ` + b.of(r.tx.d.Time(r.undone.At)) +
		` AND ` + r.redo.volume(b, "k.volume") + ` IS NOT DISTINCT FROM c.volume`
	for _, column := range prices() {
		sql += ` AND ` + r.redo.price(b, "k."+column) + ` = c.` + column
	}
	return sql
}

func (r *rescaling) between(b *binder, first, last int64) string {
	return "c.series_id = " + b.of(r.row.ID) + " AND c.ts >= " + b.of(r.tx.d.Start(first)) + " AND c.ts <= " + b.of(r.tx.d.Start(last))
}

// next looks at the bars from a start on: how many one statement takes, and the start of the last of them. A bar that cannot be brought
// to the scale is an error.
func (r *rescaling) next(ctx context.Context, first, last int64) (to, n int64, err error) {
	b := &binder{}
	lost := `(b.new_volume IS NULL) <> (b.volume IS NULL)`
	for _, column := range prices() {
		lost += ` OR b.new_` + column + ` IS NULL`
	}
	seconds := r.tx.d.Seconds("b.ts")
	var bad *int64
	_, err = one(ctx, r.tx.q, `
		SELECT coalesce(max(`+seconds+`), 0), count(*), min(CASE WHEN `+lost+` THEN `+seconds+` END)
		FROM (`+r.source(b, first, last)+` ORDER BY c.ts LIMIT `+b.whole(barsPerRescale)+`) b`, b.args, []any{&to, &n, &bad})
	if err == nil && bad != nil {
		err = fmt.Errorf("%w: the bar of %s, multiplied by %v, has a value that is no number, or 0 where it was none", store.ErrScale,
			time.Unix(*bad, 0).UTC().Format(time.RFC3339), r.scale.factor)
	}
	return to, n, err
}

// keep keeps as revisions the bars that the inverse of the scale would not give back to the last bit.
func (r *rescaling) keep(ctx context.Context, first, last int64) (int64, error) {
	b := &binder{}
	source := r.source(b, first, last)
	restores := `(b.volume IS NULL OR ` + r.back.volume(b, "b.new_volume") + ` = b.volume)`
	for _, column := range prices() {
		restores += ` AND ` + r.back.price(b, "b.new_"+column) + ` = b.` + column
	}
	id := b.whole(r.row.ID)
	return r.tx.q.Exec(ctx, `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close, volume, flags, run_id, cause)
		SELECT `+id+`, b.ts, 1 + coalesce((SELECT max(o.revision) FROM candle_revisions o WHERE o.series_id = `+id+` AND o.ts = b.ts), 0),
		       `+b.of(r.tx.d.Time(r.at))+`, b.open, b.high, b.low, b.close, b.volume, b.flags, `+b.whole(runOf(r.run))+`,
		       `+b.whole(int64(store.CauseRestated))+`
		FROM (`+source+`) b
		WHERE NOT b.known AND NOT coalesce(`+restores+`, FALSE)`, b.args...)
}

// write gives the bars their new values. What is odd about a bar, its flags, stays: FlagOffTick speaks of the price as it came.
func (r *rescaling) write(ctx context.Context, first, last int64) (int64, error) {
	b := &binder{}
	if r.undone == nil {
		set := `volume = ` + r.scale.volume(b, "c.volume")
		for _, column := range prices() {
			set += `, ` + column + ` = ` + r.scale.price(b, "c."+column)
		}
		return r.tx.q.Exec(ctx, `UPDATE candles AS c SET `+set+` WHERE `+r.between(b, first, last), b.args...)
	}
	return r.tx.q.Exec(ctx, `
		UPDATE candles AS c
		SET open = b.new_open, high = b.new_high, low = b.new_low, close = b.new_close, volume = b.new_volume
		FROM (`+r.source(b, first, last)+`) b
		WHERE c.ts = b.ts AND `+r.between(b, first, last), b.args...)
}

// lastBefore is the last start in Unix seconds that lies before an instant.
func lastBefore(t time.Time) int64 { return min(bound(t)-1, market.LastTS) }
