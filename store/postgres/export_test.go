package postgres

import (
	"context"
	"time"

	"barkeep/ledger"
)

// Claim is the last part of Archive.Claim, before its commit.
func (t *Tx) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error) {
	return t.claim(ctx, run, lease)
}
