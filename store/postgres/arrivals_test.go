package postgres_test

import (
	"testing"

	"barkeep/store/storetest"
)

func TestArrivalsAreSmall(t *testing.T) {
	t.Parallel()
	address := database(t)
	storetest.YearOfArrivals(t, suite(address), func() int64 {
		return number(t, address, `SELECT pg_total_relation_size('arrivals')`)
	})
}
