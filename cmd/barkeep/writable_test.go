package main_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// exec runs a statement beside Barkeep.
func (e engine) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := e.open(t).ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestReadinessMeansCouldWrite: a PostgreSQL that takes no writes is no database that the worker is ready with, and the doctor
// says so. It may be read all the while.
func TestReadinessMeansCouldWrite(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for name, tt := range map[string]struct{ take, back string }{
		"the database": {
			"ALTER DATABASE %s SET default_transaction_read_only = on", "ALTER DATABASE %s RESET default_transaction_read_only",
		},
		"the role": {
			"ALTER ROLE CURRENT_USER IN DATABASE %s SET default_transaction_read_only = true",
			"ALTER ROLE CURRENT_USER IN DATABASE %s RESET default_transaction_read_only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[1]
			u, err := url.Parse(e.url)
			must(t, err)
			database := strings.TrimPrefix(u.Path, "/")
			env := slotEnv(t, e, address)(0)
			barkeep(t, env, "sync").must(t, 0)
			worker := serve(t, env)
			readiness(t, worker.url, http.StatusOK, "")
			e.exec(t, strings.ReplaceAll(tt.take, "%s", database))
			readiness(t, worker.url, http.StatusServiceUnavailable, "may only be read")
			if got := barkeep(t, env, "doctor").must(t, 0); !printed(got.stdout, "may only be read") {
				t.Errorf("the doctor says\n%s", got.stdout)
			}
			for _, command := range []string{"status", "runs", "verify"} {
				barkeep(t, env, command).must(t, 0)
			}
			if got := barkeep(t, env, "sync", "--instrument", "GC", "--timeframe", "1d").must(t, 4); !printed(got.stderr, "may only be read") ||
				printed(got.stderr, "trying again") {
				t.Errorf("sync says\n%s", got.stderr)
			}
			query := u.Query()
			query.Set("default_transaction_read_only", "off")
			u.RawQuery = query.Encode()
			writer := engine{open: func(t *testing.T) *sql.DB { // who says so in the URL may write all the same
				t.Helper()
				db, err := sql.Open("pgx", u.String())
				must(t, err)
				t.Cleanup(func() { db.Close() })
				return db
			}}
			barkeep(t, append(env, "DATABASE_URL="+u.String()), "doctor").must(t, 0)
			writer.exec(t, strings.ReplaceAll(tt.back, "%s", database))
			readiness(t, worker.url, http.StatusOK, "")
			barkeep(t, env, "doctor").must(t, 0)
		})
	}
}

// TestARoleThatMayOnlySelect can look at everything, and the doctor says that it cannot write.
func TestARoleThatMayOnlySelect(t *testing.T) {
	t.Parallel()
	e := engines(t)[1]
	env := slotEnv(t, e, provider(t, []string{later}))(0)
	barkeep(t, env, "sync").must(t, 0)
	u, err := url.Parse(e.url)
	must(t, err)
	role := "reader_" + strings.TrimPrefix(u.Path, "/")
	e.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'reader'")
	e.exec(t, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() {
		db := e.open(t)
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := db.Exec(statement); err != nil {
				t.Error(err)
			}
		}
	})
	u.User = url.UserPassword(role, "reader")
	reader := append(env, "DATABASE_URL="+u.String())
	for _, command := range [][]string{{"status"}, {"runs"}, {"runs", "1"}, {"verify"}} {
		barkeep(t, reader, command...).must(t, 0)
	}
	if got := barkeep(t, reader, "doctor").must(t, 0); !printed(got.stdout, "may not") {
		t.Errorf("the doctor says\n%s", got.stdout)
	}
	if got := barkeep(t, reader, "sync").must(t, 0); !printed(got.stdout, "already ran") { // what is done can be looked up
		t.Errorf("sync of what is done says\n%s", got.stdout)
	}
	if got := barkeep(t, append(reader, "INSTRUMENTS=ES,NQ,CL"), "sync").must(t, 4); printed(got.stderr, "trying again") {
		t.Errorf("sync says\n%s", got.stderr)
	}
}
