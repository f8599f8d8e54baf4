package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// mostKept is how many statements are kept prepared; those of the program are fewer, but for such as have lists in them.
const mostKept = 64

// kept is a pool that keeps its statements prepared: compiling the one that says how a series stands takes as long as running it.
type kept struct {
	*sql.DB

	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

// keep makes a pool keep its statements. They are closed with it.
func keep(db *sql.DB) *kept { return &kept{DB: db, statements: map[string]*sql.Stmt{}} }

// QueryContext runs a statement.
func (k *kept) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := k.statement(ctx, query) //nolint:sqlclosecheck // it is kept; the pool closes it
	if err != nil {
		return nil, err
	}
	if statement == nil {
		return k.DB.QueryContext(ctx, query, args...)
	}
	return statement.QueryContext(ctx, args...)
}

// statement finds or prepares one; nil when as many are kept as may be. Nobody waits while another's is prepared: it may need the
// connection of whoever waits.
func (k *kept) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	k.mu.Lock()
	found, full := k.statements[query], len(k.statements) >= mostKept
	k.mu.Unlock()
	if found != nil || full {
		return found, nil
	}
	made, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if found := k.statements[query]; found != nil { // somebody else was quicker
		return found, made.Close()
	}
	k.statements[query] = made
	return made, nil
}
