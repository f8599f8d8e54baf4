package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"barkeep/calendar"
	"barkeep/store"
)

// Actions are those of an instrument, or with "" of all, also those that were taken back; by instrument, date and number.
func (s *Store) Actions(ctx context.Context, instrument string) ([]store.Action, error) {
	all, err := s.d.actions(ctx, s.db, instrument)
	if err != nil {
		return nil, fmt.Errorf("actions of %q: %w", instrument, err)
	}
	return all, nil
}

// Actions are those of an instrument as this transaction sees them, also those that were taken back, by date and number.
func (t Tx) Actions(ctx context.Context, instrument string) ([]store.Action, error) {
	all, err := t.d.actions(ctx, t.q, instrument)
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("actions of %q: %w", instrument, err))
	}
	return all, nil
}

func (d *Dialect) actions(ctx context.Context, q Querier, instrument string) ([]store.Action, error) {
	var all []store.Action
	var a store.Action
	var day, at, seen int64
	var run, gone *int64
	into := []any{
		&a.Instrument, &a.Number, &a.Kind, &day, &at, &a.Numerator, &a.Denominator, &a.Amount, &a.Currency, &a.Source, &a.Note, &seen,
		&run, &gone, &a.GoneBy,
	}
	err := q.Query(ctx, `
		SELECT instrument, number, kind, day, at, numerator, denominator, amount, currency, source, note, seen, run_id, gone, gone_by
		FROM actions
		WHERE CAST($1 AS text) = '' OR instrument = $1
		ORDER BY instrument`+d.Bytewise+`, day, number`, []any{instrument}, into, func() error {
		told := a
		told.Date, told.Time, told.Seen = dateOf(day), time.Unix(at, 0).UTC(), time.UnixMicro(seen).UTC()
		told.RunID, told.Gone, told.Note = numberOf(run), microOf(gone), d.hidden(a.Note)
		all = append(all, told)
		return nil
	})
	return all, err
}

// AddAction keeps an action and gives it a number; its own Number, Gone and GoneBy count for nothing. The error wraps
// store.ErrActionHolds where one of the same kind and date holds.
func (t Tx) AddAction(ctx context.Context, a store.Action) (number int64, err error) {
	if number, err = t.addAction(ctx, a); err != nil {
		return 0, t.q.Fail(fmt.Errorf("add the %s of %s to %q: %w", a.Kind, a.Date, a.Instrument, err))
	}
	return number, nil
}

func (t Tx) addAction(ctx context.Context, a store.Action) (number int64, err error) {
	if sum := a.Numerator + a.Denominator + a.Amount; a.Instrument == "" || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return 0, errors.New("an action has an instrument and finite numbers")
	}
	// Actions of an instrument are counted one after the other.
	if err := t.LockInstrument(ctx, a.Instrument); err != nil {
		return 0, err
	}
	_, err = one(ctx, t.q, `SELECT 1 + coalesce(max(number), 0) FROM actions WHERE instrument = $1`,
		[]any{a.Instrument}, []any{&number})
	if err != nil {
		return 0, err
	}
	_, err = t.q.Exec(ctx, `
		INSERT INTO actions (instrument, number, kind, day, at, numerator, denominator, amount, currency, source, note, seen, run_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.Instrument, number, string(a.Kind), dayOf(a.Date), a.Time.Unix(), a.Numerator, a.Denominator, a.Amount, text(a.Currency),
		text(a.Source), t.d.reason(a.Note), a.Seen.UnixMicro(), runOf(a.RunID))
	if t.d.Duplicate(err, "actions_effective", "actions.instrument", "actions.kind", "actions.day") {
		err = fmt.Errorf("%w: %w", store.ErrActionHolds, err)
	}
	return number, err
}

// TakeBackAction notes that an action does not hold any more. It is an error when there is none of that number that holds.
func (t Tx) TakeBackAction(ctx context.Context, instrument string, number int64, by string) error {
	n, err := t.q.Exec(ctx, `
		UPDATE actions SET gone = $3, gone_by = $4 WHERE instrument = $1 AND number = $2 AND gone IS NULL`,
		instrument, number, t.q.Now().UnixMicro(), text(by))
	if err == nil && n == 0 {
		err = errors.New("there is no such action, or it was taken back already")
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("take back action %d of %q: %w", number, instrument, err))
	}
	return nil
}

// LockInstrument keeps other transactions out that lock the same instrument, until this one ends. It waits for them until ctx
// ends.
func (t Tx) LockInstrument(ctx context.Context, instrument string) error {
	if err := t.q.LockName(ctx, instrument); err != nil {
		return t.q.Fail(fmt.Errorf("wait for those who work on %q: %w", instrument, err))
	}
	return nil
}

// dateOf is what dayOf counted.
func dateOf(day int64) calendar.Date { return calendar.DateOf(time.Unix(day*86400, 0).UTC()) }

// runOf is how the id of a run is bound: NULL for none.
func runOf(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// numberOf reads what runOf wrote.
func numberOf(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// microOf reads a time in Unix microseconds; NULL is the zero time.
func microOf(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.UnixMicro(*n).UTC()
}
