package gatetest_test

import (
	"context"
	"testing"
	"time"

	"barkeep/gate/gatetest"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/storetest"
)

// archive is the ledger in memory as the suite sees it: without bars.
type archive struct {
	*gatetest.Ledger
	store.Schema
	store.Bars
	store.Budgets
	store.Moments
	store.Calendars
	store.Proofs
	store.Truth
	store.AsOf
	store.Datasets
	covered
	still
	store.Audits
	store.Learned
}

// covered is store.Coverage under a name that is none of its methods'.
type covered interface{ store.Coverage }

// still is what reads one state, without what Calendars tells too.
type still interface {
	store.Standings
	Still(ctx context.Context, do func(store.Still) error) error
}

func (archive) Close() {}

func (archive) Clock(context.Context) (time.Time, error) { return time.Time{}, store.ErrNoClock }

func (archive) Migrate(context.Context) (from, to int64, err error) { return 0, 1, nil }

func (a archive) Begin(context.Context) (store.Tx, error) { return &tx{ledger: a.Ledger}, nil }

// tx is a transaction that writes cells.
type tx struct {
	store.Tx
	ledger *gatetest.Ledger
	run    ledger.Run
	cells  []ledger.Cell
}

func (t *tx) Fence(_ context.Context, run int64, token string) error {
	t.run = ledger.Run{ID: run, Token: token}
	if still, _ := t.ledger.Heartbeat(context.Background(), t.run, 0); !still {
		return ledger.ErrLost
	}
	return nil
}

func (t *tx) RecordCell(_ context.Context, cell ledger.Cell) error {
	t.cells = append(t.cells, cell)
	return nil
}

func (t *tx) Commit(ctx context.Context) error {
	for _, cell := range t.cells {
		if err := t.ledger.RecordCell(ctx, t.run, cell); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Upsert(context.Context, market.Series, *market.Candles) (market.Stored, error) {
	return market.Stored{}, nil
}

func (t *tx) UpsertExact(context.Context, market.Series, *market.Candles) (market.Stored, error) {
	return market.Stored{}, nil
}

func (t *tx) Rollback() {}

// TestTheLedgerInMemoryKeepsToTheContract lets it pass what both archives pass, so that the simulated years are lived by the
// same rules.
func TestTheLedgerInMemoryKeepsToTheContract(t *testing.T) {
	t.Parallel()
	storetest.RunGate(t, func(*testing.T) storetest.Database {
		l := gatetest.NewLedger(time.Now)
		return storetest.Database{Open: func(*testing.T, func() time.Time) storetest.Archive { return archive{Ledger: l} }}
	})
}
