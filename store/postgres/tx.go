package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/store"
	"barkeep/store/sqlstore"
)

const (
	// commitWait bounds a COMMIT, which the caller's context does not end.
	commitWait = 30 * time.Second
	// rollbackWait bounds a ROLLBACK; after it the connection is closed, which rolls back as well.
	rollbackWait = 5 * time.Second
)

// Tx is one write transaction. It holds the locks of the series that it wrote until it ends. Two transactions that write
// the same series in the same order, base before derived, wait for one another; in different orders one of them is ended
// by the server's deadlock detection. A Tx is for one goroutine.
type Tx struct {
	sqlstore.Tx
	*session
	now time.Time // of every revision of this transaction
}

// session runs the statements of one transaction.
type session struct {
	tx  pgx.Tx
	err error // the first failure of a statement: nothing is accepted after it, and nothing is committed
}

// beginWrite starts a transaction. Read committed, whatever the server's default: what is read under a series' lock has to
// be newer than the lock. A process that sleeps inside of one, such as a machine that is suspended, loses it: it may have
// locked its run's row (Fence), and whoever takes the run over waits for that. The bound of a statement is for one that sleeps
// in the middle of a COPY; a million bars take a few seconds.
const beginWrite = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = '8s';
	SET LOCAL statement_timeout = '30s'`

// Begin starts a write transaction. It waits for a free connection until ctx ends.
func (a *Archive) Begin(ctx context.Context) (store.Tx, error) {
	tx, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (a *Archive) begin(ctx context.Context) (*Tx, error) {
	tx, err := a.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginWrite})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	s := &session{tx: tx}
	return &Tx{Tx: sqlstore.NewTx(s, dialect(), s.fail), session: s, now: a.now().UTC()}, nil
}

// Commit makes the transaction durable. After an error of an earlier statement, or when ctx has ended before, nothing of it
// is stored. The server may die while it commits: then, and only then, an error leaves open whether it did; storing the
// same bars again finds out.
func (t *Tx) Commit(ctx context.Context) error {
	if err := t.usable(ctx); err != nil {
		t.Rollback()
		return fmt.Errorf("commit: %w", t.fail(err))
	}
	// Not cancelled by the caller: an interrupted COMMIT would not tell whether it was one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWait)
	defer cancel()
	if err := t.tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", t.fail(err))
	}
	return nil
}

// Rollback drops what the transaction did. After Commit it does nothing, so it can be deferred. It needs no context of the
// caller's, which has often ended by then.
func (t *Tx) Rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWait)
	defer cancel()
	// A rollback that fails closes the connection, and the server rolls back: the caller has nothing to do about it.
	_ = t.tx.Rollback(ctx)
}

// usable tells whether another statement may be run.
func (t *session) usable(ctx context.Context) error {
	if t.err != nil {
		return fmt.Errorf("an earlier statement of the transaction failed: %w", t.err)
	}
	return ctx.Err()
}

// fail remembers the first failure, so that a caller who goes on cannot commit half of the work: the server ends the
// transaction at an error of its own, but does not know of a context that ended between two statements.
func (t *session) fail(err error) error {
	if t.err == nil {
		t.err = err
	}
	return err
}

// write runs do in a transaction of its own.
func (a *Archive) write(ctx context.Context, do func(*Tx) error) error {
	tx, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// because adds the end of the context to an error that it caused: a COPY that is cut off names its connection only.
func because(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
