package store

import (
	"context"

	"barkeep/market"
)

// Proofs keeps how far the timeframes of instruments agree with one another.
type Proofs interface {
	// PutProofs replaces all proofs of an instrument and month. Their At is kept to the microsecond.
	PutProofs(ctx context.Context, instrument string, month market.Month, proofs []market.Proof) error
	// ProofList are those that the filter lets through, ordered by instrument as text, coarser and finer timeframe, and month.
	ProofList(ctx context.Context, filter ProofFilter) ([]market.Proof, error)
}

// ProofFilter is what proofs are wanted; its zero value wants all.
type ProofFilter struct {
	Instruments []string     // none for all
	From, To    market.Month // the first and the last one; the zero value bounds nothing
}
