package sqlite_test

import (
	"testing"

	"barkeep/store/storetest"
)

func TestArrivalsAreSmall(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	storetest.YearOfArrivals(t, suite(path), func() int64 {
		conn := second(t, path)
		defer func() { _ = conn.Close() }()
		return number(t, conn, `SELECT sum(pgsize) FROM dbstat WHERE name = 'arrivals'`)
	})
}
