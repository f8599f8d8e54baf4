package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barkeep/store"
)

// lasting is what a SQLSTATE stands for that trying again does not mend, and what to do about it (PostgreSQL's Appendix A).
type lasting struct {
	kind   error // nil for any other one
	remedy string
}

func lastingOf(state string) lasting {
	switch state {
	case "53100": // disk_full
		return lasting{store.ErrFull, "free some of the server's disk, and run barkeep sync again; nothing is half-written"}
	case readOnlyState:
		return lasting{store.ErrReadOnly, "name the primary in DATABASE_URL, or have default_transaction_read_only reset"}
	case "42501", "28000", "28P01": // insufficient_privilege, invalid_authorization_specification, invalid_password
		return lasting{store.ErrDenied, "see that DATABASE_URL names a role that may write, with its password"}
	case "42P01", "42703", "3F000", "3D000": // undefined_table, undefined_column, invalid_schema_name, invalid_catalog_name
		return lasting{store.ErrSchema, "see that DATABASE_URL names the archive's database, and run barkeep migrate"}
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return lasting{store.ErrDamaged, "see the server's log, and restore a backup"}
	}
	return lasting{}
}

// readOnlyState is read_only_sql_transaction: a standby, or default_transaction_read_only.
const readOnlyState = "25006"

// explain makes a store.Fault of a server's error that trying again does not mend. All others come back as they are.
func (n name) explain(err error) error {
	var said *pgconn.PgError
	if err == nil || store.Lasting(err) || !errors.As(err, &said) {
		return err
	}
	why := lastingOf(said.Code)
	if why.kind == nil {
		return err
	}
	return &store.Fault{Kind: why.kind, Archive: string(n), Detail: said.Hint, Remedy: why.remedy, Err: err}
}

// name is what people call a database by: its server and its own name.
type name string

func nameOf(c *pgxpool.Config) name {
	return name(fmt.Sprintf("PostgreSQL database %s on %s", c.ConnConfig.Database, c.ConnConfig.Host))
}

// doubtful tells whether an error of a COMMIT leaves open what became of it. The server's own word that it failed does not; that
// it ends the session does, since a standby may have been waited for.
func doubtful(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.SeverityUnlocalized != "ERROR"
	}
	return !errors.Is(err, pgx.ErrTxCommitRollback) && !errors.Is(err, pgx.ErrTxClosed)
}
