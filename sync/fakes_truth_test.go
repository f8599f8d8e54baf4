package syncer_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// truth is what an archive knows of scales and listings; a transaction works on a copy.
type truth struct {
	actions      map[string][]store.Action
	restatements []store.Restatement
	units        map[market.Series]string
	held         map[market.Series]store.Held
	from         map[string]store.Accepted
	arrived      map[market.Series][]store.Arrival
}

func newTruth() truth {
	return truth{
		actions: map[string][]store.Action{}, units: map[market.Series]string{}, held: map[market.Series]store.Held{},
		from: map[string]store.Accepted{}, arrived: map[market.Series][]store.Arrival{},
	}
}

func (t truth) clone() truth {
	c := t
	c.actions, c.units, c.held, c.from = maps.Clone(t.actions), maps.Clone(t.units), maps.Clone(t.held), maps.Clone(t.from)
	c.arrived, c.restatements = maps.Clone(t.arrived), slices.Clone(t.restatements)
	return c
}

func (tx *memoryTx) LockInstrument(context.Context, string) error { return nil }

func (tx *memoryTx) Actions(_ context.Context, instrument string) ([]store.Action, error) {
	return tx.truth.actions[instrument], nil
}

func (tx *memoryTx) AddAction(_ context.Context, a store.Action) (int64, error) {
	a.Number = int64(len(tx.truth.actions[a.Instrument]) + 1)
	tx.truth.actions[a.Instrument] = append(slices.Clone(tx.truth.actions[a.Instrument]), a)
	return a.Number, nil
}

func (tx *memoryTx) TakeBackAction(_ context.Context, instrument string, number int64, by string) error {
	all := slices.Clone(tx.truth.actions[instrument])
	all[number-1].Gone, all[number-1].GoneBy = time.Unix(1, 0), by
	tx.truth.actions[instrument] = all
	return nil
}

func (tx *memoryTx) Restate(_ context.Context, r store.Restatement) (store.Restatement, error) {
	for _, old := range tx.truth.restatements {
		if r.Action != 0 && old.Series == r.Series && old.Action == r.Action && r.Undoes == 0 && old.Undoes == 0 {
			return r, errors.New("restated twice")
		}
	}
	if tx.bars[r.Series] == nil {
		tx.bars[r.Series] = map[int64]market.Candle{}
	}
	for ts, bar := range tx.view(r.Series) {
		if r.Concerns(bar.Start) {
			tx.bars[r.Series][ts], r.Bars = r.Factor.Apply(bar), r.Bars+1
		}
	}
	tx.changed[r.Series] = tx.changed[r.Series] || r.Bars > 0
	r.Number = int64(len(tx.truth.restatements) + 1)
	tx.truth.restatements = append(tx.truth.restatements, r)
	return r, nil
}

func (tx *memoryTx) Unstate(ctx context.Context, r store.Restatement) (store.Restatement, error) {
	back := r
	back.Factor, back.Undoes, back.Bars = r.Factor.Inverse(), r.Number, 0
	return tx.Restate(ctx, back)
}

func (tx *memoryTx) Restatements(_ context.Context, instrument string) (all []store.Restatement, err error) {
	for _, r := range tx.truth.restatements {
		if r.Series.Instrument == instrument {
			all = append(all, r)
		}
	}
	return all, nil
}

func (tx *memoryTx) Arrivals(_ context.Context, series market.Series, _ market.Window) ([]store.Arrival, error) {
	return tx.truth.arrived[series], nil
}

func (tx *memoryTx) Accepted(_ context.Context, instrument string) (store.Accepted, bool, error) {
	accepted, ok := tx.truth.from[instrument]
	return accepted, ok, nil
}

func (tx *memoryTx) Unit(_ context.Context, series market.Series) (string, error) {
	return tx.truth.units[series], nil
}

func (tx *memoryTx) SetUnit(_ context.Context, series market.Series, unit string) error {
	tx.truth.units[series] = unit
	return nil
}

func (tx *memoryTx) HoldBack(_ context.Context, held store.Held) error {
	held.Times = tx.truth.held[held.Series].Times + 1
	tx.truth.held[held.Series] = held
	return nil
}

func (tx *memoryTx) Held(_ context.Context, instrument string) (all []store.Held, err error) {
	for series, held := range tx.truth.held {
		if series.Instrument == instrument {
			all = append(all, held)
		}
	}
	return all, nil
}

func (tx *memoryTx) LetGo(_ context.Context, series market.Series, cause store.HeldCause) error {
	maps.DeleteFunc(tx.truth.held, func(s market.Series, h store.Held) bool {
		return s.Instrument == series.Instrument && (series.Timeframe == "" || s == series) && (cause == "" || h.Cause == cause)
	})
	return nil
}

func (tx *memoryTx) Accept(_ context.Context, instrument string, accepted store.Accepted, _ time.Time) error {
	tx.truth.from[instrument] = accepted
	return nil
}
