package sqlite

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// barsPerChunk is how many given bars are compared with the stored ones of their range at a time: it bounds the memory
// of a large write to the bars themselves, and how late a cancelled context is seen to a few milliseconds.
const barsPerChunk = 4000

// Upsert stores bars of one series and says what was inserted, changed and left alone. They may come in any order; of two
// with the same start the last one counts. A changed bar, be it by its flags alone, keeps its old values as a revision. A
// volume of 0 or none never replaces a real one (promise P3). Bars that are there already cost reads only.
//
// Columns of unequal length, prices that are no finite number and volumes below market.NoVolume are refused with
// market.ErrInvalidCandle. After that and any other error the transaction can only be rolled back.
func (t *Tx) Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	if err := t.usable(ctx); err != nil {
		return market.Stored{}, fmt.Errorf("store bars of %s: %w", series, err)
	}
	bars, err := series.Storable(bars)
	if err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store %w", err))
	}
	if bars.Len() == 0 {
		return market.Stored{}, nil
	}
	stored, err := t.store(ctx, series, bars)
	if err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store bars of %s: %w", series, err))
	}
	return stored, nil
}

// store writes rising bars and counts them into the row of the series.
func (t *Tx) store(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	row, err := t.OpenSeries(ctx, series)
	if err != nil {
		return market.Stored{}, err
	}
	u := &upsert{tx: t, bars: bars, series: row, first: bars.Len(), last: -1, sql: statementsOf(row.ID)}
	if err := u.run(ctx); err != nil {
		return market.Stored{}, err
	}
	stored := u.stored()
	return stored, t.CountBars(ctx, row, stored)
}

// upsert is one call of Upsert at work. Its lists hold positions in bars and are written when a statement is full.
type upsert struct {
	tx     *Tx
	bars   *market.Candles // rising
	series sqlstore.SeriesRow
	sql    statements

	fresh   []int // not stored yet, to be inserted
	changed []change
	args    []any // of one statement, reused

	inserted, replaced, unchanged int
	first, last                   int // positions of the first and the last bar written; meaningful once one was
}

// change is a stored bar that differs: its position, and the volume it shall have.
type change struct {
	at     int
	volume int64
}

func (u *upsert) run(ctx context.Context) error {
	for from := 0; from < u.bars.Len(); from += barsPerChunk {
		to := min(from+barsPerChunk, u.bars.Len())
		if err := u.compare(ctx, from, to); err != nil {
			return err
		}
		if err := u.flush(ctx, false); err != nil {
			return err
		}
	}
	return u.flush(ctx, true)
}

// stored is the result of the finished call.
func (u *upsert) stored() market.Stored {
	stored := market.Stored{Inserted: u.inserted, Changed: u.replaced, Unchanged: u.unchanged}
	if u.last >= 0 {
		stored.Touched = market.Window{
			From: time.Unix(u.bars.TS[u.first], 0).UTC(), To: time.Unix(u.bars.TS[u.last]+1, 0).UTC(),
		}
	}
	return stored
}
