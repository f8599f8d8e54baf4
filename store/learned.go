package store

import (
	"context"

	"barkeep/market"
)

// Learned keeps what sources were found to serve, so that no process pays for it again. What it keeps saves requests alone: who
// cannot read or write it goes on without.
type Learned interface {
	// LearnedLimits are those of a source, by symbol and timeframe as text.
	LearnedLimits(ctx context.Context, source string) ([]market.LearnedLimit, error)
	// LearnLimit keeps one, to the second; an earlier one of the same source, symbol and timeframe is replaced.
	LearnLimit(ctx context.Context, source string, limit market.LearnedLimit) error
}
