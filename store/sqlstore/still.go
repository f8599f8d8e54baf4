package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Still runs do with one state of the archive.
func (s *Store) Still(ctx context.Context, do func(store.Still) error) error {
	return s.db.Still(ctx, func(q Querier) error { return do(&Store{db: frozen{q}, d: s.d}) })
}

// frozen is the engine of one state, which is read only.
type frozen struct{ Querier }

var errFrozen = errors.New("a state of the archive that is read cannot be written")

// Direct refuses.
func (frozen) Direct(context.Context, func(Querier) error) error { return errFrozen }

// Write refuses.
func (frozen) Write(context.Context, func(Querier) error) error { return errFrozen }

// Still is what it is already.
func (f frozen) Still(_ context.Context, do func(Querier) error) error { return do(f.Querier) }

// SeriesStanding is how a series stands, with the gaps of which a bar may start in the window.
func (s *Store) SeriesStanding(ctx context.Context, series market.Series, w market.Window) (store.SeriesStanding, error) {
	standing, err := s.standing(ctx, series, w)
	if err != nil {
		return store.SeriesStanding{}, fmt.Errorf("how %s stands: %w", series, err)
	}
	return standing, nil
}

// standing reads the row of the series, its coverage and its gaps by one statement, which both engines answer from one state.
func (s *Store) standing(ctx context.Context, series market.Series, w market.Window) (found store.SeriesStanding, err error) {
	row := SeriesRow{}
	c := market.Coverage{Series: series}
	g := market.Gap{Series: series}
	var judged, from, horizon int64
	var first, last, bars, seen, asked, times, next *int64
	var reason *string
	state := &row.State
	into := []any{
		&row.ID, &state.Series.Instrument, &state.Series.Timeframe, &state.Source, &state.Calendar, &state.Folded, &state.Count,
		&row.counted, &row.stored, &row.first, &row.last, &row.recorded, &row.changed,
		&judged, &from, &horizon, &c.Expected, &c.Present, &c.Calendar,
		&first, &last, &bars, &reason, &seen, &asked, &times, &next,
	}
	edge, end := secondsOf(w)
	err = s.db.Query(ctx, standingRows(), []any{series.Instrument, string(series.Timeframe), edge, end}, into, func() error {
		found.Found = true
		if first == nil {
			return nil
		}
		g.First, g.Last, g.Bars = time.Unix(*first, 0).UTC(), time.Unix(*last, 0).UTC(), *bars
		g.Reason, g.Times = market.GapReason(*reason), int(*times)
		g.Seen, g.Asked, g.Next = time.UnixMicro(*seen).UTC(), microOf(asked), microOf(next)
		found.Gaps = append(found.Gaps, g)
		return nil
	})
	if err != nil || !found.Found {
		return found, err
	}
	if err := row.complete(ctx, s.db, s.d); err != nil {
		return found, err
	}
	found.State, found.Judged = row.State, judged != 0
	if found.Judged {
		c.From, c.Horizon = time.Unix(from, 0).UTC(), time.Unix(horizon, 0).UTC()
		found.Coverage = c
	}
	return found, nil
}

// standingRows reads how the series $1, $2 stands, with a row for each gap of which a bar may start from $3 to $4.
func standingRows() string {
	return `
	SELECT ` + seriesColumnsOf("s.") + `,
	       CASE WHEN v.series_id IS NULL THEN 0 ELSE 1 END, coalesce(v.from_ts, 0), coalesce(v.horizon, 0),
	       coalesce(v.expected, 0), coalesce(v.present, 0), coalesce(v.calendar, ''),
	       g.first_ts, g.last_ts, g.bars, g.reason, g.seen, g.asked, g.times, g.next_try
	FROM series s
	LEFT JOIN coverage v ON v.series_id = s.id
	LEFT JOIN gaps g ON g.series_id = s.id AND g.last_ts >= $3 AND g.first_ts <= $4
	WHERE s.instrument = $1 AND s.timeframe = $2
	ORDER BY g.first_ts`
}

// seriesColumnsOf are the columns of a SeriesRow in a table of this name, which may be empty.
func seriesColumnsOf(table string) string { return strings.ReplaceAll(seriesColumns, "#", table) }
