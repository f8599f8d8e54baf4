package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"barkeep/market"
)

// SeriesRow is the row of a series. It keeps the starts of the first and the last bar, so that nobody has to look for them.
//
// The previous release counts its bars into the column bars and knows nothing of the columns beside it. So counted says how
// many bars there were when the others were written: where it differs from bars they are out of date. Every bar that the
// previous release added counts as one change of the version.
//
// It knows nothing of arrivals either. So recorded is the version up to which they are known; where it is behind the version, an
// earlier release has written bars since.
type SeriesRow struct {
	State market.SeriesState
	ID    int64
	// At is the instant of a write that begins with this row, in Unix microseconds: the transaction's clock, or one more than the
	// instant of the write of the series before, where the clock stands still or went back. So the writes of a series have an
	// order, also those of one transaction: what it writes second is a microsecond later.
	At int64
	// Tracked tells whether it is known when each bar of the series arrived.
	Tracked bool

	first    int64 // Unix seconds, as last
	last     int64
	counted  int64
	stored   int64 // the version in the row
	recorded int64 // 0 where arrivals never were
	changed  int64 // the At of the write before
}

// Vacant tells whether all bars of the series start before or after a span of Unix seconds, so that none need be looked for.
func (r *SeriesRow) Vacant(first, last int64) bool {
	return r.State.Count == 0 || last < r.first || first > r.last
}

// seriesColumns are the columns of a SeriesRow, with a # where the name of the table goes.
const seriesColumns = `#id, #instrument, #timeframe, #source,
	CASE WHEN #calendar_at = #version + #bars - #counted THEN #calendar ELSE '' END,
	#folded, #bars, #counted, #version, coalesce(#first_ts, 0), coalesce(#last_ts, 0), #recorded, #changed_at`

// seriesRows reads rows of series as they stand, and then the first and the last bar of those that are out of date.
func seriesRows(ctx context.Context, q Querier, d Dialect, where string, args ...any) ([]SeriesRow, error) {
	var all []SeriesRow
	var r SeriesRow
	s := &r.State
	into := []any{
		&r.ID, &s.Series.Instrument, &s.Series.Timeframe, &s.Source, &s.Calendar, &s.Folded, &s.Count, &r.counted, &r.stored,
		&r.first, &r.last, &r.recorded, &r.changed,
	}
	err := q.Query(ctx, `SELECT `+seriesColumnsOf("")+` FROM series `+where, args, into, func() error {
		all = append(all, r)
		return nil
	})
	for i := range all {
		if err == nil {
			err = all[i].complete(ctx, q, d)
		}
	}
	return all, err
}

// complete reads what is out of date from the index of the series.
func (r *SeriesRow) complete(ctx context.Context, q Querier, d Dialect) error {
	r.State.Version = r.stored + r.State.Count - r.counted
	r.Tracked = r.recorded != 0 && r.recorded == r.State.Version
	if r.State.Count == 0 {
		return nil
	}
	if r.counted != r.State.Count {
		for order, into := range map[string]*int64{"": &r.first, " DESC": &r.last} {
			_, err := one(ctx, q, `
				SELECT `+d.Seconds("c.ts")+` FROM candles c WHERE c.series_id = $1 ORDER BY c.ts`+order+` LIMIT 1`,
				[]any{r.ID}, []any{into})
			if err != nil {
				return err
			}
		}
	}
	r.State.Oldest, r.State.Newest = time.Unix(r.first, 0).UTC(), time.Unix(r.last, 0).UTC()
	return nil
}

// States lists every series with its number of bars and its first and last one, ordered by instrument and timeframe as
// text. It reads the rows of the series and no bar, except for series that the previous release has written.
func (s *Store) States(ctx context.Context) ([]market.SeriesState, error) {
	return allStates(ctx, s.db, s.d)
}

func allStates(ctx context.Context, q Querier, d Dialect) ([]market.SeriesState, error) {
	all, err := states(ctx, q, d, `ORDER BY `+d.order(""))
	if err != nil {
		return nil, fmt.Errorf("states of all series: %w", err)
	}
	return all, nil
}

// StatesOf lists the series of an instrument as this transaction sees them.
func (t Tx) StatesOf(ctx context.Context, instrument string) ([]market.SeriesState, error) {
	all, err := states(ctx, t.q, t.d, `WHERE instrument = $1`, instrument)
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("states of the series of %s: %w", instrument, err))
	}
	return all, nil
}

func states(ctx context.Context, q Querier, d Dialect, where string, args ...any) ([]market.SeriesState, error) {
	found, err := seriesRows(ctx, q, d, where, args...)
	all := make([]market.SeriesState, len(found))
	for i := range found {
		all[i] = found[i].State
	}
	return all, err
}

// State is that of one series; false when it has no row.
func (s *Store) State(ctx context.Context, series market.Series) (market.SeriesState, bool, error) {
	return state(ctx, s.db, s.d, series)
}

// State is that of one series as this transaction sees it; false when it has no row.
func (t Tx) State(ctx context.Context, series market.Series) (market.SeriesState, bool, error) {
	return state(ctx, t.q, t.d, series)
}

func state(ctx context.Context, q Querier, d Dialect, series market.Series) (market.SeriesState, bool, error) {
	row, found, err := seriesRow(ctx, q, d, series)
	if err != nil {
		return market.SeriesState{}, false, fmt.Errorf("state of %s: %w", series, err)
	}
	return row.State, found, nil
}

func seriesRow(ctx context.Context, q Querier, d Dialect, series market.Series) (row SeriesRow, found bool, err error) {
	rows, err := seriesRows(ctx, q, d, `WHERE instrument = $1 AND timeframe = $2`, series.Instrument, string(series.Timeframe))
	if err != nil || len(rows) == 0 {
		return SeriesRow{}, false, err
	}
	return rows[0], true, nil
}

// openSeries returns the row of a series, which it makes when it is new. The caller keeps other writers of the series out.
func (t Tx) openSeries(ctx context.Context, series market.Series) (SeriesRow, error) {
	row, found, err := seriesRow(ctx, t.q, t.d, series)
	row.At = max(t.q.Now().UnixMicro(), row.changed+1)
	if err != nil || found {
		return row, err
	}
	row.State.Series = series
	_, err = one(ctx, t.q, `INSERT INTO series (instrument, timeframe) VALUES ($1, $2) RETURNING id`,
		[]any{series.Instrument, string(series.Timeframe)}, []any{&row.ID})
	return row, err
}

// countBars writes into the row of a series what was stored of it since openSeries. The new version is the clock, or one more
// than the last where the clock stands behind it: counted from 1, an archive that was restored from a backup would come to a
// version again that a cache still keeps other bars of.
func (t Tx) countBars(ctx context.Context, row SeriesRow, stored market.Stored) error {
	if stored.Inserted+stored.Changed == 0 {
		return nil
	}
	first, last := stored.Touched.From.Unix(), stored.Touched.To.Unix()-1
	if row.State.Count > 0 {
		first, last = min(first, row.first), max(last, row.last)
	}
	return t.count(ctx, row, stored.Inserted, `$3`, `$4`, first, last)
}

// count writes how many bars were added, or removed, and the expressions of the first and the last start that there are now.
func (t Tx) count(ctx context.Context, row SeriesRow, added int, first, last string, args ...any) error {
	args = append(append([]any{row.ID, added}, args...), row.At)
	recorded := `recorded`
	if row.Tracked {
		recorded = `next.version`
	}
	_, err := t.q.Exec(ctx, `
		UPDATE series SET version = next.version, bars = bars + $2, counted = bars + $2, first_ts = `+first+`, last_ts = `+last+`,
		       recorded = `+recorded+`, changed_at = $`+strconv.Itoa(len(args))+`,
		       calendar_at = CASE WHEN calendar_at = series.version + bars - counted THEN next.version ELSE calendar_at END
		FROM (
			SELECT CASE WHEN s.version + s.bars - s.counted < `+t.d.NowMicros+` THEN `+t.d.NowMicros+`
			       ELSE s.version + s.bars - s.counted + 1 END AS version
			FROM series s
			WHERE s.id = $1
		) AS next
		WHERE id = $1`, args...)
	return err
}

// countRemoved writes into the row of a series that bars of it were removed.
func (t Tx) countRemoved(ctx context.Context, row SeriesRow, removed int) error {
	end := func(order string) string {
		return `(SELECT ` + t.d.Seconds("c.ts") + ` FROM candles c WHERE c.series_id = $1 ORDER BY c.ts` + order + ` LIMIT 1)`
	}
	return t.count(ctx, row, -removed, end(""), end(" DESC"))
}

// SetCalendar notes by which calendar the bars of a series are keyed and folded. A series without a row gets one.
func (t Tx) SetCalendar(ctx context.Context, series market.Series, version string) error {
	row, err := t.openSeries(ctx, series)
	if err == nil && row.State.Calendar != version {
		_, err = t.q.Exec(ctx, `UPDATE series SET calendar = $2, calendar_at = version + bars - counted WHERE id = $1`, row.ID, version)
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("note the calendar of %s: %w", series, err))
	}
	return nil
}

// SetFolded notes up to which version of its base a derived series holds what the base gives. A series without a row gets one: it
// was folded, and nothing came of it yet.
func (t Tx) SetFolded(ctx context.Context, series market.Series, version int64) error {
	set := func() (int64, error) {
		return t.q.Exec(ctx, `UPDATE series SET folded = $3 WHERE instrument = $1 AND timeframe = $2`,
			series.Instrument, string(series.Timeframe), version)
	}
	n, err := set()
	if err == nil && n == 0 {
		if _, err = t.openSeries(ctx, series); err == nil {
			_, err = set()
		}
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("note up to where %s is folded: %w", series, err))
	}
	return nil
}

// LockSeries keeps other writers of a series out until the transaction ends. It waits for them until ctx ends.
func (t Tx) LockSeries(ctx context.Context, series market.Series) error {
	err := t.q.Usable(ctx)
	if err == nil {
		err = t.q.Lock(ctx, series)
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("wait for the writers of %s: %w", series, err))
	}
	return nil
}
