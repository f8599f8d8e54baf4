package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"barkeep/market"
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
	u := &upsert{tx: t, bars: bars, newest: math.MinInt64}
	if err := u.run(ctx, series); err != nil {
		return market.Stored{}, t.fail(fmt.Errorf("store bars of %s: %w", series, err))
	}
	return u.stored(), nil
}

// upsert is one call of Upsert at work. Its lists hold positions in bars and are written when a statement is full.
type upsert struct {
	tx     *Tx
	bars   *market.Candles // rising
	id     int64           // of the series
	sql    statements
	newest int64 // start of the newest stored bar before this write; the smallest number when there is none

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

func (u *upsert) run(ctx context.Context, series market.Series) error {
	if err := u.open(ctx, series); err != nil {
		return err
	}
	u.first, u.last, u.sql = u.bars.Len(), -1, statementsOf(u.id)
	for from := 0; from < u.bars.Len(); from += barsPerChunk {
		to := min(from+barsPerChunk, u.bars.Len())
		if err := u.compare(ctx, from, to); err != nil {
			return err
		}
		if err := u.flush(ctx, false); err != nil {
			return err
		}
	}
	if err := u.flush(ctx, true); err != nil {
		return err
	}
	if u.inserted == 0 {
		return nil
	}
	_, err := u.tx.exec(ctx, `UPDATE series SET bars = bars + ? WHERE id = ?`, u.inserted, u.id)
	return err
}

// open finds the series, or makes it, and its newest bar: what lies after it is new without a look.
func (u *upsert) open(ctx context.Context, series market.Series) error {
	err := u.tx.conn.QueryRowContext(ctx, `SELECT id FROM series WHERE instrument = ? AND timeframe = ?`,
		series.Instrument, string(series.Timeframe)).Scan(&u.id)
	if errors.Is(err, sql.ErrNoRows) {
		return u.tx.conn.QueryRowContext(ctx, `INSERT INTO series (instrument, timeframe) VALUES (?, ?) RETURNING id`,
			series.Instrument, string(series.Timeframe)).Scan(&u.id)
	}
	if err != nil {
		return err
	}
	err = u.tx.conn.QueryRowContext(ctx, `SELECT ts FROM candles WHERE series_id = ? ORDER BY ts DESC LIMIT 1`,
		u.id).Scan(&u.newest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
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
