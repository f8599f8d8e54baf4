package verify_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// databasesMade numbers the databases of this process.
var databasesMade atomic.Int64

// postgresDatabase makes an empty database on the suite's PostgreSQL server, and drops it after the test.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		t.Fatal("BARKEEP_TEST_POSTGRES is not set: `make test` brings a PostgreSQL server")
	}
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	name := fmt.Sprintf("verify_%d_%d", os.Getpid(), databasesMade.Add(1))
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t, server, name) })
	base, query, _ := strings.Cut(server, "?")
	return base[:strings.LastIndexByte(base, '/')+1] + name + "?" + query
}

func drop(t testing.TB, server, name string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}
