package postgres

import (
	"context"
	"time"

	"barkeep/ledger"
	"barkeep/store/sqlstore"
)

// Claim is Archive.Claim before its commit.
func (t *Tx) Claim(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error) {
	return sqlstore.New(uncommitted{t.session}, dialect(nil)).Claim(ctx, run, ledger.Kept{}, lease)
}

// uncommitted is an engine that is in a transaction already.
type uncommitted struct{ *session }

func (u uncommitted) Direct(_ context.Context, do func(sqlstore.Querier) error) error { return do(u) }

func (u uncommitted) Write(_ context.Context, do func(sqlstore.Querier) error) error { return do(u) }

func (u uncommitted) Still(_ context.Context, do func(sqlstore.Querier) error) error { return do(u) }

// BarRows is the statement of Candles; with DESC and LIMIT behind it, that of Page.
const BarRows = sqlstore.CountedRows
