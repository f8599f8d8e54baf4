package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Coverage is that of every series that was judged; ordered by instrument and timeframe as text.
func (s *Store) Coverage(ctx context.Context) ([]market.Coverage, error) {
	all, err := s.d.coverage(ctx, s.db, "")
	if err != nil {
		return nil, fmt.Errorf("coverage of all series: %w", err)
	}
	return all, nil
}

// CoverageOf is the coverage of the series of an instrument that were judged.
func (t Tx) CoverageOf(ctx context.Context, instrument string) ([]market.Coverage, error) {
	all, err := t.d.coverage(ctx, t.q, instrument)
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("coverage of %s: %w", instrument, err))
	}
	return all, nil
}

func (d *Dialect) coverage(ctx context.Context, q Querier, instrument string) (all []market.Coverage, err error) {
	var c market.Coverage
	var from, horizon int64
	into := []any{&c.Series.Instrument, &c.Series.Timeframe, &from, &horizon, &c.Expected, &c.Present, &c.Calendar}
	var where string // a condition that may be left open would have all series read for those of one instrument
	var args []any
	if instrument != "" {
		where, args = `WHERE s.instrument = $1`, []any{instrument}
	}
	err = q.Query(ctx, `
		SELECT s.instrument, s.timeframe, v.from_ts, v.horizon, v.expected, v.present, v.calendar
		FROM coverage v JOIN series s ON s.id = v.series_id `+where+`
		ORDER BY `+d.order("s."), args, into, func() error {
		c.From, c.Horizon = time.Unix(from, 0).UTC(), time.Unix(horizon, 0).UTC()
		all = append(all, c)
		return nil
	})
	return all, err
}

const gapColumns = `s.instrument, s.timeframe, g.first_ts, g.last_ts, g.bars, g.reason, g.seen, g.asked, g.times, g.next_try`

// Gaps are those that the filter lets through, by instrument and timeframe as text, and by start.
func (s *Store) Gaps(ctx context.Context, f store.GapFilter) ([]market.Gap, error) {
	b := &binder{}
	where := []string{"TRUE"}
	among := func(column string, values []any) {
		if len(values) > 0 {
			where = append(where, column+" IN ("+b.list(values)+")")
		}
	}
	among("s.instrument", anys(f.Instruments))
	among("s.timeframe", anys(f.Timeframes))
	among("g.reason", anys(f.Reasons))
	if !f.Window.Empty() {
		first, last := secondsOf(f.Window)
		where = append(where, "g.first_ts <= "+b.of(last), "g.last_ts >= "+b.of(first))
	}
	if !f.Due.IsZero() {
		where = append(where, "g.next_try <= "+b.of(f.Due.UnixMicro()))
	}
	all, err := gaps(ctx, s.db, strings.Join(where, " AND ")+` ORDER BY `+s.d.order("s.")+`, g.first_ts`, b.args)
	if err != nil {
		return nil, fmt.Errorf("gaps: %w", err)
	}
	return all, nil
}

// GapsOf are the gaps of a series of which a bar may start in the window, in order.
func (t Tx) GapsOf(ctx context.Context, series market.Series, w market.Window) ([]market.Gap, error) {
	all, err := gapsOf(ctx, t.q, series, w)
	if err != nil {
		return nil, t.q.Fail(err)
	}
	return all, nil
}

func gapsOf(ctx context.Context, q Querier, series market.Series, w market.Window) ([]market.Gap, error) {
	first, last := secondsOf(w)
	if last < first {
		return nil, nil
	}
	all, err := gaps(ctx, q, `s.instrument = $1 AND s.timeframe = $2 AND g.last_ts >= $3 AND g.first_ts <= $4 ORDER BY g.first_ts`,
		[]any{series.Instrument, string(series.Timeframe), first, last})
	if err != nil {
		return nil, fmt.Errorf("gaps of %s: %w", series, err)
	}
	return all, nil
}

func gaps(ctx context.Context, q Querier, where string, args []any) (all []market.Gap, err error) {
	var g market.Gap
	var first, last, seen int64
	var asked, next *int64
	into := []any{
		&g.Series.Instrument, &g.Series.Timeframe, &first, &last, &g.Bars, &g.Reason, &seen, &asked, &g.Times, &next,
	}
	sql := `SELECT ` + gapColumns + ` FROM gaps g JOIN series s ON s.id = g.series_id WHERE ` + where
	err = q.Query(ctx, sql, args, into, func() error {
		g.First, g.Last = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
		g.Seen, g.Asked, g.Next = time.UnixMicro(seen).UTC(), microOf(asked), microOf(next)
		all = append(all, g)
		return nil
	})
	return all, err
}

// GapCounts are how many bars of each series are absent for each reason.
func (s *Store) GapCounts(ctx context.Context) (all []store.GapCount, err error) {
	var c store.GapCount
	into := []any{&c.Series.Instrument, &c.Series.Timeframe, &c.Reason, &c.Bars, &c.Gaps}
	err = s.db.Query(ctx, `
		SELECT s.instrument, s.timeframe, n.reason, n.bars, n.gaps
		FROM (SELECT series_id, reason, CAST(sum(bars) AS bigint) AS bars, count(*) AS gaps FROM gaps GROUP BY series_id, reason) n
		JOIN series s ON s.id = n.series_id
		ORDER BY `+s.d.order("s.")+`, n.reason`+s.d.Bytewise, nil, into, func() error {
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the gaps: %w", err)
	}
	return all, nil
}

// Starts are the starts of the bars of a series inside the window, but for those that cannot be true: Unix seconds, ascending.
func (t Tx) Starts(ctx context.Context, series market.Series, w market.Window) (all []int64, err error) {
	first, last := secondsOf(w)
	var ts int64
	err = t.q.Query(ctx, `SELECT `+t.d.Seconds("c.ts")+` FROM candles c
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2) AND c.ts >= $3 AND c.ts <= $4
		  AND (CAST(c.flags AS bigint) & $5) = 0
		ORDER BY c.ts`,
		[]any{series.Instrument, string(series.Timeframe), t.d.Start(first), t.d.Start(last), int64(market.FlagImpossible)},
		[]any{&ts}, func() error {
			all = append(all, ts)
			return nil
		})
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("starts of the bars of %s: %w", series, err))
	}
	return all, nil
}

// Cover records the coverage of a series: gaps that are gone, and new ones.
func (t Tx) Cover(ctx context.Context, c market.Coverage, gone, added []market.Gap) error {
	if err := t.cover(ctx, c, gone, added); err != nil {
		return t.q.Fail(fmt.Errorf("record the coverage of %s: %w", c.Series, err))
	}
	return nil
}

func (t Tx) cover(ctx context.Context, c market.Coverage, gone, added []market.Gap) error {
	// Most often only the horizon has moved, of a series that has a row.
	if len(gone)+len(added) == 0 {
		n, err := t.putCoverage(ctx, `SELECT id FROM series WHERE instrument = $6 AND timeframe = $7`, c, c.Series.Instrument,
			string(c.Series.Timeframe))
		if err != nil || n > 0 {
			return err
		}
	}
	row, err := t.openSeries(ctx, c.Series)
	if err != nil {
		return err
	}
	if err := t.changeGaps(ctx, row.ID, gone, added); err != nil {
		return err
	}
	_, err = t.putCoverage(ctx, `SELECT CAST($6 AS integer) AS id`, c, row.ID)
	return err
}

// putCoverage writes the coverage of the series whose number the query gives, and how many rows that were.
func (t Tx) putCoverage(ctx context.Context, id string, c market.Coverage, args ...any) (int64, error) {
	args = append([]any{c.From.Unix(), c.Horizon.Unix(), c.Expected, c.Present, c.Calendar}, args...)
	return t.q.Exec(ctx, `
		INSERT INTO coverage (series_id, from_ts, horizon, expected, present, calendar)
		SELECT s.id, CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint), CAST($4 AS bigint), CAST($5 AS text) FROM (`+id+`) s
		WHERE TRUE
		ON CONFLICT (series_id) DO UPDATE SET from_ts = excluded.from_ts, horizon = excluded.horizon, expected = excluded.expected,
		       present = excluded.present, calendar = excluded.calendar`, args...)
}

// secondsOf are the first and the last second of a window.
func secondsOf(w market.Window) (first, last int64) { return bound(w.From), bound(w.To) - 1 }

// microsOrNull is how an instant that may be unknown is bound.
func microsOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// anys are texts as parameters.
func anys[T ~string](texts []T) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = text(string(t))
	}
	return all
}
