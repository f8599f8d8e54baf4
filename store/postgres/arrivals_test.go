package postgres_test

import (
	"errors"
	"testing"

	"barkeep/store"
	"barkeep/store/storetest"
)

func TestArrivalsAreSmall(t *testing.T) {
	t.Parallel()
	address := database(t)
	storetest.YearOfArrivals(t, suite(address), func() int64 {
		return number(t, address, `SELECT pg_total_relation_size('arrivals')`)
	})
}

// TestAReplicaStartsWithBarsOfAnEarlierRelease: nothing can be recorded there, and its bars are read all the same.
func TestAReplicaStartsWithBarsOfAnEarlierRelease(t *testing.T) {
	t.Parallel()
	address := database(t)
	upsert(t, migrated(t, address), es5m(), ramp(3))
	execOn(t, address, `UPDATE series SET version = version + 7`)
	replica := opened(t, address+"&default_transaction_read_only=on")
	if _, _, err := replica.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bars, err := replica.Candles(t.Context(), es5m(), always()); err != nil || bars.Len() != 3 {
		t.Errorf("%v bars are read, %v", bars, err)
	}
	if _, err := replica.CandlesAsOf(t.Context(), es5m(), always(), clock()); !errors.Is(err, store.ErrBeforeArrivals) {
		t.Errorf("as of the first import: %v", err)
	}
}
