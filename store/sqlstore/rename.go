package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"barkeep/market"
)

// Rename gives all series, actions, listings, proofs and what is held back of an instrument another name; false, and nothing is
// changed, when the new name has any of them. It waits for other writers of both.
//
// The cells and runs of the ledger keep the old name: they say what was done then. Bars keep the versions of their series under
// the new name, of which no cache has an entry yet. Should bars come for the old name again, its series begin with a version by
// the database's clock, as every new series does, so that what a cache has of the old ones counts for older.
func (t Tx) Rename(ctx context.Context, instrument, name string) (renamed bool, err error) {
	if renamed, err = t.rename(ctx, instrument, name); err != nil {
		return false, t.q.Fail(fmt.Errorf("rename %q to %q: %w", instrument, name, err))
	}
	return renamed, nil
}

func (t Tx) rename(ctx context.Context, instrument, name string) (bool, error) {
	if name == "" || text(name) != name {
		return false, errors.New("the new name is none")
	}
	if err := t.lockNames(ctx, instrument, name); err != nil {
		return false, err
	}
	tables := []string{"series", "actions", "listings", "held_back", "proofs"}
	for _, table := range tables {
		var n int64
		found, err := one(ctx, t.q, `SELECT 1 FROM `+table+` WHERE instrument = $1 LIMIT 1`, []any{name}, []any{&n})
		if err != nil || found {
			return false, err
		}
	}
	for _, table := range tables {
		if _, err := t.q.Exec(ctx, `UPDATE `+table+` SET instrument = $2 WHERE instrument = $1`, instrument, name); err != nil {
			return false, err
		}
	}
	return true, nil
}

// lockNames keeps others out who work on either instrument or write a series of one.
func (t Tx) lockNames(ctx context.Context, names ...string) error {
	slices.Sort(names)
	for _, name := range names {
		if err := t.LockInstrument(ctx, name); err != nil {
			return err
		}
	}
	for _, timeframe := range market.Timeframes() {
		for _, name := range names {
			if err := t.q.Lock(ctx, market.Series{Instrument: name, Timeframe: timeframe}); err != nil {
				return err
			}
		}
	}
	return nil
}
