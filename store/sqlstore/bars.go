package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// BarRows, RevisionRows and ReasonRows read the rows of the series $1, $2 that start between $3 and $4, both included; they are
// what Querier.Scan is given, perhaps with DESC and LIMIT behind them. All numbers have eight bytes, hence the casts.
const (
	BarRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, CAST(c.flags AS bigint)
		FROM candles c` + ofSeries + ` ORDER BY c.ts`
	// CountedRows are BarRows whose flags hold the parts too, which archives of earlier releases have not (Bar.Unpack).
	CountedRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, ` + FlagsAndParts + `
		FROM candles c` + ofSeries + ` ORDER BY c.ts`
	RevisionRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, CAST(c.flags AS bigint), CAST(c.revision AS bigint), c.replaced_at
		FROM candle_revisions c` + ofSeries + ` ORDER BY c.ts, c.revision`
	// ReasonRows are RevisionRows with two more columns, which archives of earlier releases have not.
	ReasonRows = `
		SELECT c.ts, c.open, c.high, c.low, c.close, c.volume, CAST(c.flags AS bigint), CAST(c.revision AS bigint), c.replaced_at,
		       coalesce(c.run_id, 0), CAST(c.cause AS bigint)
		FROM candle_revisions c` + ofSeries + ` ORDER BY c.ts, c.revision`
	// FlagsAndParts is one number of a bar for two: with a column more, reading takes a tenth longer.
	FlagsAndParts = `CAST(c.flags AS bigint) | (CAST(c.parts AS bigint) << 8)`

	ofSeries = `
		WHERE c.series_id = (SELECT s.id FROM series s WHERE s.instrument = $1 AND s.timeframe = $2)
		  AND c.ts >= $3 AND c.ts <= $4`
)

// Candles returns the bars of a series that start inside the window, in order; none for a series that is unknown.
func (s *Store) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	return candles(ctx, s.db, CountedRows, series, w, 0)
}

// pageRoom is for how many bars a page has room before it is read: more than it holds cost a moment of clearing, and columns that
// grow while they are read cost as much as the reading.
const pageRoom = 1 << 14

// Page returns at most limit bars of a series that start inside the window, in order: the first, or with newest the last.
func (s *Store) Page(
	ctx context.Context, series market.Series, w market.Window, limit int, newest bool,
) (*market.Candles, error) {
	rows := CountedRows
	if newest {
		rows += ` DESC`
	}
	limit = max(0, limit)
	bars, err := candles(ctx, s.db, rows+` LIMIT `+strconv.Itoa(limit), series, w, min(limit, pageRoom))
	if err == nil && newest {
		reverse(bars)
	}
	return bars, err
}

func candles(
	ctx context.Context, q Querier, sql string, series market.Series, w market.Window, room int,
) (*market.Candles, error) {
	bars := market.NewCandles(room)
	first, last := bounds(w)
	err := q.Scan(ctx, sql, series, first, last, func(b *Bar) error {
		b.Unpack()
		b.AppendTo(bars)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("candles of %s: %w", series, err)
	}
	return bars, nil
}

// Revisions returns the earlier values of the bars of a series that start inside the window, and when each was replaced
// (to the microsecond); ordered by start, then by age, oldest first. A bar that changed twice is there twice.
func (s *Store) Revisions(ctx context.Context, series market.Series, w market.Window) (
	bars *market.Candles, replaced []time.Time, err error,
) {
	bars = market.NewCandles(0)
	first, last := bounds(w)
	err = s.db.Scan(ctx, RevisionRows, series, first, last, func(b *Bar) error {
		b.AppendTo(bars)
		replaced = append(replaced, time.UnixMicro(b.Replaced).UTC())
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of %s: %w", series, err)
	}
	return bars, replaced, nil
}

// ScanBars visits the bars of a series that start between first and last, both included and in Unix microseconds, in order.
// It ends with the first error of visit; the bar belongs to visit until it returns. Memory does not grow with the bars.
func (s Snapshot) ScanBars(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	return s.scan(ctx, "bars", BarRows, series, first, last, func(b *Bar) error { return visit(&b.StoredBar) })
}

// ScanCounted is ScanBars with the parts of the bars. The schema must be this release's.
func (s Snapshot) ScanCounted(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	return s.scan(ctx, "bars", CountedRows, series, first, last, func(b *Bar) error {
		b.Unpack()
		return visit(&b.StoredBar)
	})
}

// ScanRevisions is ScanBars for the earlier values of changed bars, ordered by start and then by age, oldest first.
func (s Snapshot) ScanRevisions(
	ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error,
) error {
	return s.scan(ctx, "revisions", RevisionRows, series, first, last, func(b *Bar) error { return visit(&b.StoredBar) })
}

func (s Snapshot) scan(
	ctx context.Context, what, sql string, series market.Series, first, last int64, visit func(*Bar) error,
) error {
	err := s.q.Scan(ctx, sql, series, first, last, visit)
	if err != nil {
		return fmt.Errorf("read the %s of %s: %w", what, series, err)
	}
	return nil
}

// Candles returns the bars of a series that start inside the window, as this transaction sees them.
func (t Tx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	bars, err := candles(ctx, t.q, CountedRows, series, w, 0)
	if err != nil {
		return nil, t.q.Fail(err)
	}
	return bars, nil
}

// Upsert stores bars of one series that a provider gave, and says what was inserted, changed and left alone. They may come in
// any order; of two with the same start the last one counts. A changed bar, be it by its flags alone, keeps its old values as a
// revision; one that differs by its parts alone counts as changed and leaves none, since its values are the same. A volume of 0
// or none never replaces a real one (promise P3), and prices that differ by noise alone are the same (market.Candle.Revised).
// Bars that are there already cost reads only. It waits for other writers of the series until ctx ends.
//
// Columns of unequal length, prices that are no finite number and volumes below market.NoVolume are refused with
// market.ErrInvalidCandle before anything is written. After that and any other error the transaction can only be rolled back.
func (t Tx) Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	return t.upsert(ctx, series, bars, false)
}

// UpsertExact is Upsert for bars that were computed from stored ones. Their prices count to the last bit, so that what is derived
// equals what its base gives (promise P10).
func (t Tx) UpsertExact(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	return t.upsert(ctx, series, bars, true)
}

func (t Tx) upsert(
	ctx context.Context, series market.Series, bars *market.Candles, exact bool,
) (stored market.Stored, err error) {
	if err := t.q.Usable(ctx); err != nil {
		return stored, t.q.Fail(fmt.Errorf("store bars of %s: %w", series, err))
	}
	bars, err = series.Storable(bars)
	if err != nil {
		return stored, t.q.Fail(fmt.Errorf("store %w", err))
	}
	if bars.Len() == 0 {
		return stored, nil
	}
	if stored, err = t.store(ctx, series, bars, exact); err != nil {
		return market.Stored{}, t.q.Fail(fmt.Errorf("store bars of %s: %w", series, err))
	}
	return stored, nil
}

// store writes rising bars and counts them into the row of the series.
func (t Tx) store(
	ctx context.Context, series market.Series, bars *market.Candles, exact bool,
) (stored market.Stored, err error) {
	// The lock comes by name and before everything else, so that two processes never make a series at once.
	if err := t.q.Lock(ctx, series); err != nil {
		return stored, err
	}
	w, err := t.openWrite(ctx, series, exact)
	if err != nil {
		return stored, err
	}
	stored, arrived, err := t.q.Merge(ctx, w, bars)
	if err != nil {
		return stored, err
	}
	if err := t.arrive(ctx, w, arrived); err != nil {
		return stored, err
	}
	return stored, t.countBars(ctx, w.Series, stored)
}

// Remove takes the bars of these starts (Unix seconds) out of a series and keeps their values as revisions. It counts those that
// were there. It waits for other writers of the series until ctx ends; after an error the transaction can only be rolled back.
func (t Tx) Remove(ctx context.Context, series market.Series, starts []int64) (removed int, err error) {
	if err = t.q.Usable(ctx); err == nil && len(starts) > 0 {
		removed, err = t.remove(ctx, series, starts)
	}
	if err != nil {
		return 0, t.q.Fail(fmt.Errorf("remove bars of %s: %w", series, err))
	}
	return removed, nil
}

func (t Tx) remove(ctx context.Context, series market.Series, starts []int64) (removed int, err error) {
	if err := t.q.Lock(ctx, series); err != nil {
		return 0, err
	}
	w, err := t.openWrite(ctx, series, true)
	if err != nil {
		return 0, err
	}
	w.Cause = store.CauseRemoved
	if removed, err = t.q.Withdraw(ctx, w, starts); err != nil || removed == 0 {
		return 0, err
	}
	return removed, t.countRemoved(ctx, w.Series, removed)
}

// Settle tells whether the cell is stored. The transaction that may have written it had the lock of its series, which this one
// waits for: by then it was committed or never will be, though its COMMIT came late or its server waited for a standby.
func (t Tx) Settle(ctx context.Context, cell ledger.Cell) (committed bool, err error) {
	series := market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}
	if err := t.q.Lock(ctx, series); err != nil {
		return false, fmt.Errorf("wait for the writers of %s: %w", series, err)
	}
	return t.hasCell(ctx, cell)
}
