package postgres

import (
	"context"
	"fmt"

	"barkeep/store"
)

// tryWriting would write into the tables of bars and of evidence: the server refuses it where it takes no writes, and looks at
// the role's rights, before it finds that there is nothing to do. So it costs no WAL.
const tryWriting = `
	WITH bars AS (INSERT INTO candles SELECT c.* FROM candles c WHERE false),
	     evidence AS (INSERT INTO cells SELECT c.* FROM cells c WHERE false)
	UPDATE runs SET state = state WHERE false`

// newSessions tells whether the sessions that begin from now on may write, unless the URL says so itself: those of the pool may
// have begun before a setting of the database or the role was changed. Of several settings the server takes the narrowest.
const newSessions = `
	SELECT coalesce((
		SELECT CAST(split_part(setting, '=', 2) AS boolean)
		FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
		WHERE setting LIKE 'default_transaction_read_only=%'
		  AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
		  AND s.setrole IN (0, (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user))
		ORDER BY s.setrole <> 0 AND s.setdatabase <> 0 DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
		LIMIT 1), false) AND source <> 'client'
	FROM pg_settings
	WHERE name = 'default_transaction_read_only'`

// Writable tells whether a write would succeed now: the server takes some, the role may write bars and evidence, and those who
// connect from now on may too. It writes nothing; how full the server's disk is nobody tells a client.
func (a *Archive) Writable(ctx context.Context) error {
	if _, err := (engine{q: a.pool, name: a.name}).Exec(ctx, tryWriting); err != nil {
		return fmt.Errorf("ask PostgreSQL for a write: %w", err)
	}
	var readOnly bool
	if err := a.pool.QueryRow(ctx, newSessions).Scan(&readOnly); err != nil {
		return fmt.Errorf("ask PostgreSQL whether sessions may write: %w", a.name.explain(err))
	}
	if readOnly {
		why := lastingOf(readOnlyState)
		return &store.Fault{
			Kind: why.kind, Archive: string(a.name), Remedy: why.remedy,
			Detail: "default_transaction_read_only was set for the database or the role",
		}
	}
	return nil
}
