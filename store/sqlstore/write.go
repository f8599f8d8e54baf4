package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Write is one write of bars into one series.
type Write struct {
	Series SeriesRow
	RunID  int64       // by which run; 0 for none
	Cause  store.Cause // of the revisions that it leaves
	Exact  bool        // prices are compared to their last bit
}

// Run is how the number of the run is bound: NULL for none.
func (w Write) Run() any {
	if w.RunID == 0 {
		return nil
	}
	return w.RunID
}

// Span is a run of bars, by the starts of its first and its last one in Unix seconds.
type Span struct{ First, Last int64 }

// openWrite begins a write. The caller keeps other writers of the series out.
//
// Which series are base series, a database does not know: they are those into which a provider's answers are written. So the
// first answer makes a series a tracked one; bars that were computed from stored ones do not.
func (t Tx) openWrite(ctx context.Context, series market.Series, exact bool) (Write, error) {
	row, err := t.openSeries(ctx, series)
	if err == nil && !row.Tracked && (!exact || row.recorded != 0) {
		err = t.adopt(ctx, &row)
	}
	w := Write{Series: row, RunID: *t.run, Cause: store.CauseAnswer, Exact: exact}
	if exact {
		w.Cause = store.CauseFold
	}
	return w, err
}

// arrive records when bars arrived.
func (t Tx) arrive(ctx context.Context, w Write, spans []Span) error {
	const most = 100 // of one statement: more gain nothing
	for some := range slices.Chunk(spans, most) {
		rows, args := make([]string, len(some)), []any{w.Series.ID, w.Series.At, w.Run()}
		for i, s := range some {
			rows[i] = fmt.Sprintf("($1, $2, $3, $%d, $%d)", len(args)+1, len(args)+2)
			args = append(args, s.First, s.Last)
		}
		sql := `INSERT INTO arrivals (series_id, at, run_id, first_ts, last_ts) VALUES ` + strings.Join(rows, ", ")
		if _, err := t.q.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("record the arrival: %w", err)
		}
	}
	return nil
}

// adopt makes a series a tracked one. When its bars arrived is not known; that they are there now is. So one span of now holds
// all of them, instead of those that were recorded before an earlier release wrote between them.
func (t Tx) adopt(ctx context.Context, row *SeriesRow) error {
	row.Tracked = true
	if row.State.Version == 0 {
		return nil // nobody wrote a bar of it
	}
	// An earlier release dated its revisions by the clock alone, which may have been a wrong one.
	var newest stamp
	_, err := one(ctx, t.q, `SELECT max(replaced_at) FROM candle_revisions WHERE series_id = $1`, []any{row.ID}, []any{&newest})
	if err != nil {
		return err
	}
	if !newest.IsZero() {
		row.At = max(row.At, newest.UnixMicro()+1)
	}
	if _, err := t.q.Exec(ctx, `DELETE FROM arrivals WHERE series_id = $1`, row.ID); err != nil {
		return err
	}
	if row.State.Count > 0 {
		if err := t.arrive(ctx, Write{Series: *row}, []Span{{row.first, row.last}}); err != nil {
			return err
		}
	}
	_, err = t.q.Exec(ctx, `UPDATE series SET recorded = version + bars - counted, changed_at = $2 WHERE id = $1`, row.ID, row.At)
	row.At++
	return err
}

// Track makes tracked series of those that it finds written by an earlier release: base series from before arrivals were
// recorded, and those that it wrote since. It does nothing, and takes no lock, where there are none. In a transaction that write
// opens for each it calls do.
func (s *Store) Track(ctx context.Context, write func(ctx context.Context, do func(Tx) error) error) error {
	found, err := seriesRows(ctx, s.db, s.d, `
		WHERE recorded <> version + bars - counted AND (recorded <> 0 OR timeframe IN ('1m', '2m', '5m', '15m', '1h', '1d'))`)
	for i := range found {
		if err == nil {
			err = write(ctx, func(t Tx) error { return t.track(ctx, found[i].State.Series) })
		}
	}
	if err != nil {
		return fmt.Errorf("record which bars are there: %w", err)
	}
	return nil
}

// track makes a tracked series of one, unless another process did.
func (t Tx) track(ctx context.Context, series market.Series) error {
	err := t.q.Lock(ctx, series)
	if err == nil {
		_, err = t.openWrite(ctx, series, false)
	}
	return err
}

// arrivals are those of a series that hold a start of a window, ordered.
func arrivals(ctx context.Context, q Querier, id int64, w market.Window, order string) ([]store.Arrival, error) {
	var all []store.Arrival
	var a store.Arrival
	var at int64
	err := q.Query(ctx, `
		SELECT first_ts, last_ts, at, coalesce(run_id, 0) FROM arrivals
		WHERE series_id = $1 AND first_ts <= $3 AND last_ts >= $2 ORDER BY `+order,
		[]any{id, bound(w.From), bound(w.To) - 1}, []any{&a.First, &a.Last, &at, &a.RunID}, func() error {
			a.At = time.UnixMicro(at).UTC()
			all = append(all, a)
			return nil
		})
	return all, err
}
