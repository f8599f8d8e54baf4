package app

import (
	"context"

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
