package app

import (
	"context"

	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// Proofs are how far the timeframes of instruments agree with one another, as it was last found out; of all where none is named.
func Proofs(ctx context.Context, archive ReadOnly, instruments []market.Instrument) ([]market.Proof, error) {
	var filter store.ProofFilter
	for _, i := range instruments {
		filter.Instruments = append(filter.Instruments, i.Name)
	}
	return archive.ProofList(ctx, filter)
}

// prove holds the timeframes of instruments against each other, of this month and the last one, and keeps how far they agree.
func (a *App) prove(ctx context.Context, instruments []market.Instrument) error {
	settled, _, err := store.SettledCalendars(ctx, a.Archive)
	if err != nil {
		return err
	}
	now := a.Engine.Now().UTC()
	months := []market.Month{market.MonthOf(now.AddDate(0, 0, -now.Day()).UnixMicro()), market.MonthOf(now.UnixMicro())}
	prover := coverage.Prover{Archive: a.Archive, Capabilities: a.Engine.Capabilities, Now: a.Engine.Now}
	_, err = prover.Prove(ctx, settled.SettleAll(instruments), months)
	return err
}
