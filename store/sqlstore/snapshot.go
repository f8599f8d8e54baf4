package sqlstore

import (
	"context"
	"fmt"
	"math"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Snapshot is an engine's snapshot but for its end.
type Snapshot struct {
	q Querier
	d Dialect
}

// NewSnapshot makes it over the statements of a transaction that reads.
func NewSnapshot(q Querier, d Dialect) Snapshot { return Snapshot{q, d} }

// States is that of Store, in the state that is read.
func (s Snapshot) States(ctx context.Context) ([]market.SeriesState, error) {
	return allStates(ctx, s.q, s.d)
}

// Listings is that of Store.
func (s Snapshot) Listings(ctx context.Context) ([]store.Listing, error) {
	return allListings(ctx, s.q, s.d)
}

// CalendarChanges is that of Store.
func (s Snapshot) CalendarChanges(ctx context.Context) ([]calendar.Change, error) {
	return calendarChanges(ctx, s.q, s.d)
}

// Actions are those of all instruments, also those that were taken back, by instrument, date and number.
func (s Snapshot) Actions(ctx context.Context) ([]store.Action, error) {
	all, err := s.d.actions(ctx, s.q, "")
	if err != nil {
		return nil, fmt.Errorf("actions: %w", err)
	}
	return all, nil
}

// Coverage is that of Store, in the state that is read.
func (s Snapshot) Coverage(ctx context.Context) ([]market.Coverage, error) {
	all, err := s.d.coverage(ctx, s.q, "")
	if err != nil {
		return nil, fmt.Errorf("coverage of all series: %w", err)
	}
	return all, nil
}

// GapsOf are the gaps of a series of which a bar may start in the window, in order.
func (s Snapshot) GapsOf(ctx context.Context, series market.Series, w market.Window) ([]market.Gap, error) {
	return gapsOf(ctx, s.q, series, w)
}

// Running is since when the oldest run is running whose lease is not over; the zero time for none.
func (s Snapshot) Running(ctx context.Context) (time.Time, error) {
	var since stamp
	_, err := one(ctx, s.q, `
		SELECT started FROM runs WHERE state = 'running' AND lease_until > `+s.d.Now+` ORDER BY started LIMIT 1`,
		nil, []any{&since})
	if err != nil {
		return time.Time{}, fmt.Errorf("look for a run in progress: %w", err)
	}
	return since.Time, nil
}

// Counters is how many bars the row of each series says there are.
func (s Snapshot) Counters(ctx context.Context) (map[market.Series]int64, error) {
	counters := map[market.Series]int64{}
	var series market.Series
	var bars int64
	err := s.q.Query(ctx, `SELECT instrument, timeframe, bars FROM series`, nil,
		[]any{&series.Instrument, &series.Timeframe, &bars}, func() error {
			counters[series] = bars
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list the series: %w", err)
	}
	return counters, nil
}

// Strays are the numbers of series that bars or revisions have and no row of series has, rising. The numbers of series
// follow one another, so only the gaps between them are looked into: the one below the first, the one above the last, and
// those of series whose making was rolled back. Each is one entry of an index, and no statement joins tables or is recursive:
// a distributed database takes it.
func (s Snapshot) Strays(ctx context.Context) ([]int64, error) {
	known := []int64{math.MinInt32 - 1}
	var id int64
	err := s.q.Query(ctx, `SELECT id FROM series ORDER BY id`, nil, []any{&id}, func() error {
		known = append(known, id)
		return nil
	})
	var strays []int64
	known = append(known, math.MaxInt32+1)
	for i := 1; i < len(known) && err == nil; i++ {
		strays, err = s.gap(ctx, known[i-1], known[i], strays)
	}
	if err != nil {
		return nil, fmt.Errorf("look for bars without a series: %w", err)
	}
	return strays, nil
}

// gap appends the numbers between two others that bars or revisions have.
func (s Snapshot) gap(ctx context.Context, after, before int64, strays []int64) ([]int64, error) {
	for after+1 < before {
		next := before
		for _, table := range []string{"candles", "candle_revisions"} {
			var id int64
			found, err := one(ctx, s.q, `
				SELECT series_id FROM `+table+`
				WHERE series_id > CAST($1 AS bigint) AND series_id < CAST($2 AS bigint)
				ORDER BY series_id LIMIT 1`, []any{after, before}, []any{&id})
			if err != nil {
				return nil, err
			}
			if found {
				next = min(next, id)
			}
		}
		if after = next; next < before {
			strays = append(strays, next)
		}
	}
	return strays, nil
}
