package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// barsPerRescale is how many bars one statement brings to another scale: it takes a part of a second, where a server ends a
// statement after half a minute, and the end of a context is seen between two of them. More gain nothing.
const barsPerRescale = 5_000

// rescaling brings the bars of a series to another scale, a range at a time.
type rescaling struct {
	tx    Tx
	row   SeriesRow
	at    time.Time // of the revisions
	run   int64
	scale scale
	// undone is one of which bars that have their values of before it get them back; nil for none, also where none was kept.
	undone *store.Restatement
	redo   scale // of undone
}

// prices are the columns that a scale multiplies, beside the volume.
func prices() []string { return []string{"open", "high", "low", "close"} }

// within brings the bars between two starts, these included, to the other scale, and counts them and those whose values it kept.
func (r *rescaling) within(ctx context.Context, first, last int64) (bars, kept int, err error) {
	for r.row.State.Count > 0 && first <= last {
		to, n, err := r.next(ctx, first, last)
		if err != nil || n == 0 {
			return bars, kept, err
		}
		saved, err := r.keep(ctx, first, to)
		if err == nil && saved > 0 {
			err = r.sound(ctx, first, to)
		}
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

// former is a condition on revisions k: they are those of a bar, a row of the name given, from before what is undone, which still
// gives the bar's values.
func (r *rescaling) former(b *binder, bar string) string {
	sql := "k.series_id = " + bar + ".series_id AND k.ts = " + bar + ".ts AND k.cause = " + b.whole(int64(store.CauseRestated)) +
		" AND k.replaced_at = " + b.of(r.tx.d.Time(r.undone.At)) +
		" AND " + r.redo.volume(b, "k.volume") + " IS NOT DISTINCT FROM " + bar + ".volume"
	for _, column := range prices() {
		sql += " AND " + r.redo.price(b, "k."+column) + " = " + bar + "." + column
	}
	return sql
}

// unless is a condition on bars c: the given one is false, and there are no values of before what is undone. A planner that knows
// nothing of the tables makes no join of it, which could read the whole range for every bar.
func (r *rescaling) unless(b *binder, condition string) string {
	otherwise := "TRUE"
	if r.undone != nil {
		otherwise = "NOT EXISTS (SELECT 1 FROM candle_revisions k WHERE " + r.former(b, "c") + ")"
	}
	return "CASE WHEN " + condition + " THEN FALSE ELSE " + otherwise + " END"
}

func (r *rescaling) between(b *binder, first, last int64) string {
	d := r.tx.d
	return "c.series_id = " + b.of(r.row.ID) + " AND c.ts >= " + b.of(d.Start(first)) + " AND c.ts <= " + b.of(d.Start(last))
}

// next looks at the bars from a start on: how many one statement takes, and the start of the last of them.
func (r *rescaling) next(ctx context.Context, first, last int64) (to, n int64, err error) {
	b := &binder{}
	_, err = one(ctx, r.tx.q, `
		SELECT coalesce(max(`+r.tx.d.Seconds("b.ts")+`), 0), count(*)
		FROM (SELECT c.ts FROM candles c WHERE `+r.between(b, first, last)+` ORDER BY c.ts LIMIT `+b.whole(barsPerRescale)+`) b`,
		b.args, []any{&to, &n})
	return to, n, err
}

// keep keeps as revisions the bars that the inverse of the scale would not give back to the last bit. Those whose multiple would
// be lost are among them.
func (r *rescaling) keep(ctx context.Context, first, last int64) (int64, error) {
	b := &binder{}
	restores := r.scale.restores(b, "c")
	id := b.whole(r.row.ID)
	return r.tx.q.Exec(ctx, `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, open, high, low, close, volume, flags, run_id, cause)
		SELECT `+id+`, c.ts,
		       1 + coalesce((SELECT max(o.revision) FROM candle_revisions o WHERE o.series_id = `+id+` AND o.ts = c.ts), 0),
		       `+b.of(r.tx.d.Time(r.at))+`, c.open, c.high, c.low, c.close, c.volume, c.flags, `+b.whole(runOf(r.run))+`,
		       `+b.whole(int64(store.CauseRestated))+`
		FROM candles c
		WHERE `+r.between(b, first, last)+` AND `+r.unless(b, restores), b.args...)
}

// sound reports, as an error, a bar that cannot be brought to the scale. It looks at those alone that were just kept.
func (r *rescaling) sound(ctx context.Context, first, last int64) error {
	b := &binder{}
	takes := `(c.volume IS NULL OR ` + r.scale.takesVolume(b, "c.volume") + `)`
	for _, column := range prices() {
		takes += ` AND ` + r.scale.takes(b, "c."+column)
	}
	var bad *int64
	_, err := one(ctx, r.tx.q, `
		SELECT min(`+r.tx.d.Seconds("c.ts")+`) FROM candle_revisions c
		WHERE `+r.between(b, first, last)+` AND c.replaced_at = `+b.of(r.tx.d.Time(r.at))+` AND NOT (`+takes+`)`, b.args, []any{&bad})
	if err == nil && bad != nil {
		err = fmt.Errorf("%w: the bar of %s, multiplied by %v, has a value that is no number, or 0 where it was none", store.ErrScale,
			time.Unix(*bad, 0).UTC().Format(time.RFC3339), r.scale.factor)
	}
	return err
}

// write gives the bars their new values. What is odd about a bar, its flags, stays: FlagOffTick speaks of the price as it came.
func (r *rescaling) write(ctx context.Context, first, last int64) (int64, error) {
	b := &binder{}
	names, values := append(prices(), "volume"), []string(nil)
	for _, column := range prices() {
		values = append(values, r.scale.price(b, "c."+column))
	}
	values = append(values, r.scale.volume(b, "c.volume"))
	if r.undone != nil {
		// The revision is looked for bar by bar, for the reason that unless has.
		from := " FROM (SELECT 1 AS bar) o LEFT JOIN candle_revisions k ON " + r.former(b, "c")
		for i, column := range names {
			values[i] = "CASE WHEN k.ts IS NULL THEN " + values[i] + " ELSE k." + column + " END"
		}
		return r.tx.q.Exec(ctx, `
			UPDATE candles AS c SET (`+strings.Join(names, ", ")+`) = (SELECT `+strings.Join(values, ", ")+from+`)
			WHERE `+r.between(b, first, last), b.args...)
	}
	for i, column := range names {
		values[i] = column + " = " + values[i]
	}
	return r.tx.q.Exec(ctx, `UPDATE candles AS c SET `+strings.Join(values, ", ")+` WHERE `+r.between(b, first, last), b.args...)
}

// lastBefore is the last start in Unix seconds that lies before an instant.
func lastBefore(t time.Time) int64 { return min(bound(t)-1, market.LastTS) }
