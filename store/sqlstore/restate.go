package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/store"
)

// Restate multiplies the bars of a series that start from r.From on and before r.Before, at once and once for each action, and
// notes it. Where undoing the factor would not give a bar's bits, a revision keeps them. Flags stay as they are. It returns r
// with its number, its time, and what it did. It waits for other writers of the series until ctx ends.
//
// Its time is that of a write of the series (SeriesRow.At): later than every other one, also in one transaction.
//
// The error wraps store.ErrRestated where the series was restated for the action before, and store.ErrScale where a value would
// be lost. After any error the transaction can only be rolled back.
func (t Tx) Restate(ctx context.Context, r store.Restatement) (store.Restatement, error) {
	r.Undoes = 0
	done, err := t.restate(ctx, r, nil)
	if err != nil {
		return store.Restatement{}, t.q.Fail(fmt.Errorf("restate %s: %w", r.Series, err))
	}
	return done, nil
}

// Unstate takes the restatement of a series, known by its number, back: bars that it concerns and whose values are
// those that it gave them are what they were before it, the others, also those that came after it, are multiplied by the
// inverse. The run that does so is r.RunID. It returns the restatement that notes that.
//
// The error wraps store.ErrRestated where it was taken back before.
func (t Tx) Unstate(ctx context.Context, r store.Restatement) (store.Restatement, error) {
	done, err := t.unstate(ctx, r)
	if err != nil {
		return store.Restatement{}, t.q.Fail(fmt.Errorf("take back restatement %d of %s: %w", r.Number, r.Series, err))
	}
	return done, nil
}

func (t Tx) unstate(ctx context.Context, r store.Restatement) (store.Restatement, error) {
	if err := t.q.Lock(ctx, r.Series); err != nil {
		return r, err
	}
	all, err := t.d.restatements(ctx, t.q, `WHERE s.instrument = $1 AND s.timeframe = $2`, r.Series.Instrument,
		string(r.Series.Timeframe))
	if err != nil {
		return r, err
	}
	var undone *store.Restatement
	for i := range all {
		switch {
		case all[i].Undoes == r.Number && r.Number != 0:
			return r, fmt.Errorf("%w: restatement %d took it back", store.ErrRestated, all[i].Number)
		case all[i].Number == r.Number:
			undone = &all[i]
		}
	}
	if undone == nil || undone.Undoes != 0 {
		return r, errors.New("there is none, or it took another one back itself")
	}
	return t.restate(ctx, store.Restatement{
		Series: r.Series, RunID: r.RunID, Action: undone.Action, Undoes: undone.Number, Reason: "taken back: " + undone.Reason,
		From: undone.From, Before: undone.Before, Factor: undone.Factor.Inverse(),
	}, undone)
}

// restate does what r says, and takes back what is undone.
func (t Tx) restate(ctx context.Context, r store.Restatement, undone *store.Restatement) (store.Restatement, error) {
	if err := checkFactor(r.Factor); err != nil {
		return r, fmt.Errorf("%w: %w", store.ErrScale, err)
	}
	if err := t.q.Lock(ctx, r.Series); err != nil {
		return r, err
	}
	w, err := t.openWrite(ctx, r.Series, true)
	if err != nil {
		return r, err
	}
	row := w.Series
	if r.RunID == 0 {
		r.RunID = w.RunID
	}
	if err := t.number(ctx, row, &r); err != nil {
		return r, err
	}
	if !r.Factor.One() {
		change := &rescaling{tx: t, row: row, at: r.At, run: r.RunID, scale: scaleOf(r.Factor)}
		if undone != nil && undone.Kept > 0 {
			change.undone, change.redo = undone, scaleOf(undone.Factor)
		}
		if r.Bars, r.Kept, err = change.within(ctx, firstFrom(row, r.From), lastBefore(r.Before)); err != nil {
			return r, err
		}
	}
	if r.Bars > 0 {
		// The version grows: caches keep other values.
		err = t.count(ctx, row, 0, `$3`, `$4`, row.first, row.last)
	} else { // what is written next is later all the same
		_, err = t.q.Exec(ctx, `UPDATE series SET changed_at = $2 WHERE id = $1`, row.ID, row.At)
	}
	if err != nil {
		return r, err
	}
	return r, t.noteRestatement(ctx, row, r)
}

// number gives a restatement its number and its time, unless the series was restated for its action before.
func (t Tx) number(ctx context.Context, row SeriesRow, r *store.Restatement) error {
	var same int64
	_, err := one(ctx, t.q, `
		SELECT 1 + coalesce(max(number), 0),
		       count(CASE WHEN action = $2 AND action <> 0 AND undoes = 0 THEN 1 END)
		FROM restatements
		WHERE series_id = $1`, []any{row.ID, r.Action}, []any{&r.Number, &same})
	if err == nil && same > 0 && r.Undoes == 0 {
		err = fmt.Errorf("%w: for action %d", store.ErrRestated, r.Action)
	}
	if err != nil {
		return err
	}
	r.At, r.Bars, r.Kept = time.UnixMicro(row.At).UTC(), 0, 0
	return nil
}

func (t Tx) noteRestatement(ctx context.Context, row SeriesRow, r store.Restatement) error {
	_, err := t.q.Exec(ctx, `
		INSERT INTO restatements (series_id, number, at, run_id, action, undoes, reason, before_ts, price_num, price_den, volume_num,
		       volume_den, bars, kept, from_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		row.ID, r.Number, r.At.UnixMicro(), runOf(r.RunID), r.Action, r.Undoes, t.d.reason(r.Reason), bound(r.Before),
		r.Factor.Price.Num, r.Factor.Price.Den, r.Factor.Volume.Num, r.Factor.Volume.Den, r.Bars, r.Kept,
		begun(r.From))
	return err
}

// begun is the start of the first bar that a restatement may concern, as it is stored: none for all.
func begun(from time.Time) any {
	if from.IsZero() {
		return nil
	}
	return bound(from)
}

// firstFrom is the start of the first bar of a series that a restatement may concern.
func firstFrom(row SeriesRow, from time.Time) int64 {
	if from.IsZero() {
		return row.first
	}
	return max(row.first, bound(from))
}

// Restatements are those of the series of an instrument, or with "" of all, in the order in which they were made.
func (s *Store) Restatements(ctx context.Context, instrument string) ([]store.Restatement, error) {
	all, err := s.d.restatements(ctx, s.db, `WHERE CAST($1 AS text) = '' OR s.instrument = $1`, instrument)
	if err != nil {
		return nil, fmt.Errorf("restatements of %q: %w", instrument, err)
	}
	return all, nil
}

// Restatements are those of the series of an instrument as this transaction sees them, in the order in which they were made.
func (t Tx) Restatements(ctx context.Context, instrument string) ([]store.Restatement, error) {
	all, err := t.d.restatements(ctx, t.q, `WHERE s.instrument = $1`, instrument)
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("restatements of %q: %w", instrument, err))
	}
	return all, nil
}

func (d *Dialect) restatements(ctx context.Context, q Querier, where string, args ...any) ([]store.Restatement, error) {
	var all []store.Restatement
	var r store.Restatement
	var at, before int64
	var run, from *int64
	price, volume := &r.Factor.Price, &r.Factor.Volume
	into := []any{
		&r.Series.Instrument, &r.Series.Timeframe, &r.Number, &at, &run, &r.Action, &r.Undoes, &r.Reason, &before, &price.Num,
		&price.Den, &volume.Num, &volume.Den, &r.Bars, &r.Kept, &from,
	}
	err := q.Query(ctx, `
		SELECT s.instrument, s.timeframe, r.number, r.at, r.run_id, r.action, r.undoes, r.reason, r.before_ts, r.price_num, r.price_den,
		       r.volume_num, r.volume_den, r.bars, r.kept, r.from_ts
		FROM restatements r JOIN series s ON s.id = r.series_id
		`+where+`
		ORDER BY r.at, `+d.order("s.")+`, r.number`, args, into, func() error {
		made := r
		made.At, made.Before, made.RunID = time.UnixMicro(at).UTC(), time.Unix(before, 0).UTC(), numberOf(run)
		if made.Reason = d.hidden(r.Reason); from != nil {
			made.From = time.Unix(*from, 0).UTC()
		}
		all = append(all, made)
		return nil
	})
	return all, err
}
