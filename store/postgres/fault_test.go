package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/store/storetest/servers"
)

// TestALastingFaultSaysWhatItIs for what a server says, in a transaction and in a statement by itself; others are none.
func TestALastingFaultSaysWhatItIs(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	for code, want := range map[string]error{
		"53100": store.ErrFull, "25006": store.ErrReadOnly, "42501": store.ErrDenied, "42P01": store.ErrSchema,
		"XX001": store.ErrDamaged, "53200": nil, "40P01": nil, "57P03": nil,
	} {
		execOn(t, address, fmt.Sprintf(`
			CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '%s', HINT = 'a hint'; END $$;
			CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON candles FOR EACH ROW EXECUTE FUNCTION refuse();
			CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION refuse()`, code))
		tx, err := archive.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, inTx := tx.Upsert(t.Context(), es5m(), ramp(3))
		tx.Rollback()
		_, alone := archive.Claim(t.Context(), asks(0, "t"), ledger.Kept{}, time.Minute)
		for _, err := range []error{inTx, alone} {
			switch {
			case err == nil || store.Lasting(err) != (want != nil):
				t.Errorf("%s is %v", code, err)
			case want != nil && (!errors.Is(err, want) || !strings.Contains(err.Error(), "a hint") || !strings.Contains(err.Error(), "barkeep_")):
				t.Errorf("%s is %v; it should be %v, name the database, and pass the hint on", code, err, want)
			}
		}
	}
}

// TestAStandbyTakesNoWrites, and can be read: a server that recovers from its log for ever is one.
func TestAStandbyTakesNoWrites(t *testing.T) {
	t.Parallel()
	server := servers.RunPostgres(t, servers.Options{Durable: true})
	archive := migrated(t, server.URL())
	upsert(t, archive, es5m(), ramp(3))
	if err := archive.Writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	signal := filepath.Join(server.Dir(), "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o644); err != nil { //nolint:gosec // the server's user reads it
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 50 { // the pool finds out that its connections are gone
		if err = archive.Writable(t.Context()); store.Lasting(err) {
			break
		}
	}
	if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "name the primary") {
		t.Errorf("a standby could write: %v", err)
	}
	if states, err := archive.States(t.Context()); err != nil || len(states) != 1 {
		t.Errorf("a standby reads %v, %v", states, err)
	}
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(9)); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a standby stores: %v", err)
	}
}

// TestTheNarrowestSettingCounts of whether new sessions may write: the role's in this database, the role's, the database's.
func TestTheNarrowestSettingCounts(t *testing.T) {
	t.Parallel()
	address := database(t)
	name := strings.TrimPrefix(mustParse(t, address).Path, "/")
	role := "writer_" + name
	migrated(t, address)
	execOn(t, address, "CREATE ROLE "+role+" SUPERUSER LOGIN")
	t.Cleanup(func() { execOn(t, serverURL(t), "DROP ROLE IF EXISTS "+role) })
	u := mustParse(t, address)
	u.User = url.User(role)
	archive := opened(t, u.String())
	for _, step := range []struct {
		sql  string
		want bool
	}{
		{"ALTER DATABASE " + name + " SET default_transaction_read_only = on", false},
		{"ALTER ROLE " + role + " SET default_transaction_read_only = off", true},
		{"ALTER ROLE " + role + " IN DATABASE " + name + " SET default_transaction_read_only = yes", false},
		{"ALTER ROLE " + role + " IN DATABASE " + name + " RESET default_transaction_read_only", true},
		{"ALTER ROLE " + role + " RESET default_transaction_read_only", false},
		{"ALTER DATABASE " + name + " RESET default_transaction_read_only", true},
	} {
		execOn(t, serverURL(t), step.sql)
		if err := archive.Writable(t.Context()); (err == nil) != step.want || err != nil && !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("after %s: %v", step.sql, err)
		}
	}
	execOn(t, serverURL(t), "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	query := u.Query()
	query.Set("default_transaction_read_only", "off")
	u.RawQuery = query.Encode()
	if err := opened(t, u.String()).Writable(t.Context()); err != nil {
		t.Errorf("a URL that says so: %v", err)
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the URL is malformed")
	}
	return u
}

// TestARoleWithoutRightsIsDenied for good.
func TestARoleWithoutRightsIsDenied(t *testing.T) {
	t.Parallel()
	address := database(t)
	migrated(t, address)
	u := mustParse(t, address)
	role := "nobody_" + strings.TrimPrefix(u.Path, "/")
	execOn(t, address, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { execOn(t, serverURL(t), "DROP ROLE IF EXISTS "+role) })
	u.User = url.User(role)
	if err := opened(t, u.String()).Writable(t.Context()); !errors.Is(err, store.ErrDenied) {
		t.Errorf("it could write: %v", err)
	}
}
