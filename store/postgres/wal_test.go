package postgres_test

import (
	"testing"

	"barkeep/store/storetest/servers"
)

// quiet is a server of the test's own on which nothing but the test writes.
func quiet(t *testing.T) string {
	t.Helper()
	server := servers.RunPostgres(t, servers.Options{Settings: map[string]string{
		// No background writer of WAL: no vacuum, no checkpoint and no snapshot of running transactions in between.
		"autovacuum": "off", "checkpoint_timeout": "1d", "wal_level": "minimal", "max_wal_senders": "0",
	}})
	return databaseOn(t, server.URL())
}

// Bars that are there already write no WAL: not one byte, as the server counts them. The same write with one other bar
// does, so the server does count.
func TestIdenticalBarsWriteNoWAL(t *testing.T) {
	t.Parallel()
	address := quiet(t)
	archive := migrated(t, address)
	const n = 20_000
	position := func() int64 { return number(t, address, `SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint`) }
	upsert(t, archive, es5m(), ramp(n))
	execOn(t, address, `VACUUM`) // else readers of the catalogues tidy up after the migration, which is WAL too
	before := position()
	for range 2 {
		if stored := upsert(t, archive, es5m(), ramp(n)); stored.Unchanged != n {
			t.Fatalf("%+v of %d identical bars", stored, n)
		}
	}
	zero := ramp(n)
	for i := range zero.Volume {
		zero.Volume[i] = 0
	}
	if stored := upsert(t, archive, es5m(), zero); stored.Unchanged != n {
		t.Fatalf("%+v of %d bars whose volume was withdrawn", stored, n)
	}
	if after := position(); after != before {
		t.Errorf("bars that are there already wrote %d bytes of WAL", after-before)
	}
	other := ramp(n)
	other.Close[n/2]++
	if stored := upsert(t, archive, es5m(), other); stored.Changed != 1 {
		t.Fatalf("%+v of one changed bar", stored)
	}
	if position() == before {
		t.Error("a changed bar wrote no WAL either: the test measures nothing")
	}
}
