package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/storetest"
)

// A restatement ends in the middle of its second statement, which waits for a row that another session holds: its connection is
// closed by the server, or its context ends. Nothing of it is left, and the next one does it all.
func TestRestatementEndsInItsMiddle(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(address string, cancel func()){
		"the connection is closed": func(address string, _ func()) {
			number(t, address, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE `+waits)
		},
		"the context ends": func(_ string, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := database(t)
			db := suite(address)
			archive := migrated(t, address)
			storetest.PutScaled(t, archive)
			release := holdNewest(t, address)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- storetest.RestateAll(ctx, archive, io.Discard) }()
			for number(t, address, `SELECT count(*) FROM pg_stat_activity WHERE `+waits) == 0 {
				select {
				case err := <-done:
					t.Fatalf("it did not wait: %v", err)
				default:
				}
			}
			end(address, cancel)
			if err := <-done; err == nil {
				t.Error("it says that it is done")
			}
			release()
			if n := storetest.WholeRestatements(t, db, archive); n != 0 {
				t.Errorf("%d restatements are left", n)
			}
			if err := storetest.RestateAll(t.Context(), archive, io.Discard); err != nil {
				t.Fatal(err)
			}
			if n := storetest.WholeRestatements(t, db, archive); n != 1 {
				t.Errorf("%d restatements after the next one", n)
			}
		})
	}
}

// waits is a condition on a session: it waits for a row of candles.
const waits = `datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE candles%'`

// holdNewest locks the newest bar of the first series that is restated.
func holdNewest(t *testing.T, address string) (release func()) {
	t.Helper()
	conn := connect(t, address)
	t.Cleanup(func() { conn.Close(context.Background()) })
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), `
		SELECT FROM candles c JOIN series s ON s.id = c.series_id AND s.timeframe = '5m' ORDER BY c.ts DESC LIMIT 1 FOR UPDATE OF c`)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A disk that fills up in the middle of a restatement: the server says so of a row of its second statement. Nothing of it is
// left.
func TestADiskThatFillsUpRestatesNothing(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	storetest.PutScaled(t, archive)
	last := number(t, address, `SELECT max(CAST(extract(epoch FROM ts) AS bigint)) FROM candles`)
	execOn(t, address, fmt.Sprintf(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE ON candles FOR EACH ROW WHEN (OLD.ts = to_timestamp(%d)) EXECUTE FUNCTION refuse()`, last))
	restate := func(archive *postgres.Archive) error { return storetest.RestateAll(t.Context(), archive, io.Discard) }
	if err := restate(archive); !errors.Is(err, store.ErrFull) {
		t.Errorf("it says %v", err)
	}
	if n := storetest.WholeRestatements(t, suite(address), archive); n != 0 {
		t.Errorf("%d restatements are left", n)
	}
	execOn(t, address, `DROP TRIGGER refuse ON candles`)
	if err := restate(archive); err != nil {
		t.Fatal(err)
	}
	if n := storetest.WholeRestatements(t, suite(address), archive); n != 1 {
		t.Errorf("%d restatements once there is room", n)
	}
}

// A server compiles no statement of a write, however dear it thinks the statement is: with a revision of each bar a restatement
// of a million bars took fifty times as long to take back.
func TestWritesAreNotCompiled(t *testing.T) {
	t.Parallel()
	address := database(t)
	execOn(t, address, fmt.Sprintf(`ALTER DATABASE %s SET jit = on`, mustParse(t, address).Path[1:]))
	archive := migrated(t, address)
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	q, ok := tx.(*postgres.Tx)
	if !ok {
		t.Fatalf("a transaction is a %T", tx)
	}
	var jit string
	if err := q.Query(t.Context(), `SHOW jit`, nil, []any{&jit}, func() error { return nil }); err != nil || jit != "off" {
		t.Errorf("jit is %q, %v", jit, err)
	}
	if jit := lines(t, address, `SHOW jit`); jit != "on" {
		t.Errorf("elsewhere jit is %q: the test sees nothing", jit)
	}
}
