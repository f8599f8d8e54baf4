package postgres_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/postgres"
)

// all visits every bar of a series.
func all(tb testing.TB, s store.Snapshot, series market.Series, visit func(*market.StoredBar)) {
	tb.Helper()
	err := s.ScanBars(tb.Context(), series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		visit(b)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func snapshotOf(tb testing.TB, archive *postgres.Archive) store.Snapshot {
	tb.Helper()
	s, err := archive.Snapshot(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// No bound that the URL or the role sets ends a snapshot: neither a scan that takes longer, nor a pause between two.
func TestSnapshotHasNoTimeouts(t *testing.T) {
	t.Parallel()
	address := database(t)
	upsert(t, migrated(t, address), es5m(), ramp(50))
	execOn(t, address, `ALTER TABLE candles RENAME TO stored;
		CREATE FUNCTION slowly() RETURNS smallint LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(0.02); SELECT 0::smallint';
		CREATE VIEW candles AS SELECT ts, open, high, low, close, volume, series_id, slowly() AS flags FROM stored`)
	archive := opened(t, address+"&statement_timeout=300&idle_in_transaction_session_timeout=300")
	s := snapshotOf(t, archive)
	const idle = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '600 ms'`
	for deadline := time.Now().Add(time.Minute); number(t, address, idle) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no transaction is idle: the server ended the snapshot")
		}
	}
	n := 0
	all(t, s, es5m(), func(*market.StoredBar) { n++ })
	if n != 50 {
		t.Errorf("%d bars were read, want 50", n)
	}
	if _, err := archive.Candles(t.Context(), es5m(), always()); err == nil {
		t.Error("the bound of the URL bounds nothing, so that this test shows nothing")
	}
}

// What the tables hold beyond what a bar can be is told as it is, not read as something else.
func TestSnapshotTellsTimesThatNoBarHas(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	upsert(t, archive, es5m(), ramp(1))
	execOn(t, address, `INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES
		(1, '-infinity', 1, 1, 1, 1, 1, 0), (1, '4713-01-01 00:00:00+00 BC', 1, 1, 1, 1, 1, 0),
		(1, '2026-01-05 00:00:00.25+00', 'NaN', 1, 1, 1, 1, 0), (1, '294276-12-31 23:59:59+00', 1, '-infinity', 1, 1, 1, 0),
		(1, 'infinity', 1, 1, 1, 1, 1, 0)`)
	s, digester := snapshotOf(t, archive), market.NewDigester()
	all(t, s, es5m(), digester.Bar)
	got := digester.End(es5m(), 6)
	var months []string
	for _, m := range got.Months {
		months = append(months, m.Month.String())
	}
	if want := []string{"0001-01", "2025-11", "2026-01", "9999-12"}; !slices.Equal(months, want) || got.Bars() != 6 {
		t.Errorf("%d bars in %q, want 6 in %q", got.Bars(), months, want)
	}
	told := strings.Join(got.Faults, "\n")
	for _, want := range []string{"beyond the years 1 to 9999", "of 2026-01-05T00:00:00.25Z does not start on a whole second", "more faults"} {
		if !strings.Contains(told, want) {
			t.Errorf("the faults lack %q:\n%s", want, told)
		}
	}
}

// A replica is another archive, a second address of the same one is not.
func TestIdentity(t *testing.T) {
	t.Parallel()
	identity := func(address string) string {
		is, err := migrated(t, address).Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	one, other := database(t), database(t)
	if identity(one) != identity(strings.Replace(one, "127.0.0.1", "localhost", 1)+"&timezone=Asia/Tokyo") {
		t.Error("the same database by two addresses has two identities")
	}
	if identity(one) == identity(other) {
		t.Error("two databases have one identity")
	}
}

// A user who may read and nothing else can take a snapshot, as is right for whoever only compares.
func TestSnapshotNeedsNoRightToWrite(t *testing.T) {
	t.Parallel()
	address := database(t)
	upsert(t, migrated(t, address), es5m(), ramp(5))
	role := fmt.Sprintf("reader_%d", os.Getpid())
	execOn(t, address, `CREATE ROLE `+role+` LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO `+role)
	t.Cleanup(func() { execOn(t, address, `DROP OWNED BY `+role+`; DROP ROLE `+role) })
	archive := opened(t, strings.Replace(address, "postgres@", role+"@", 1))
	if _, err := archive.Identity(t.Context()); err != nil {
		t.Error(err)
	}
	n := 0
	all(t, snapshotOf(t, archive), es5m(), func(*market.StoredBar) { n++ })
	if n != 5 {
		t.Errorf("%d bars were read, want 5", n)
	}
}
