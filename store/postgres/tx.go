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
}

// session runs the statements of one transaction.
type session struct {
	tx   pgx.Tx
	name name
	now  time.Time // at the beginning
	err  error     // the first failure of a statement: nothing is accepted after it, and nothing is committed
}

// beginWrite starts a transaction. Read committed, whatever the server's default: what is read under a series' lock has to be
// newer than the lock. Whether it may write is the server's and its administrator's decision. A process that sleeps inside of
// one, such as a machine that is suspended, loses it: it may have locked its run's row (Fence), and whoever takes the run over
// waits for that. The bound of a statement is for one that sleeps in the middle of a COPY; a million bars take a few seconds. The
// server may think that a statement over 5,000 bars pays half a second of compilation, which takes twenty times as long as the
// statement.
const beginWrite = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '8s';
	SET LOCAL statement_timeout = '30s'; SET LOCAL jit = off`

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
		return nil, fmt.Errorf("begin: %w", a.name.explain(err))
	}
	s := &session{tx: tx, name: a.name, now: a.now().UTC()}
	return &Tx{sqlstore.NewTx(s, dialect(a.hide)), s}, nil
}

// Commit makes the transaction durable. After an error nothing of it is stored, but for one that wraps store.ErrInDoubt: the
// answer did not come, since the server died or the connection broke while it committed.
func (t *Tx) Commit(ctx context.Context) error {
	if err := t.Usable(ctx); err != nil {
		t.Rollback()
		return fmt.Errorf("commit: %w", t.Fail(err))
	}
	// Not cancelled by the caller: an interrupted COMMIT would not tell whether it was one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWait)
	defer cancel()
	if err := t.tx.Commit(ctx); err != nil {
		if doubtful(err) {
			err = store.InDoubt(err)
		}
		return fmt.Errorf("commit: %w", t.Fail(err))
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

// Usable tells whether another statement may be run.
func (t *session) Usable(ctx context.Context) error {
	if t.err != nil {
		return fmt.Errorf("an earlier statement of the transaction failed: %w", t.err)
	}
	return ctx.Err()
}

// Fail remembers the first failure, so that a caller who goes on cannot commit half of the work: the server ends the
// transaction at an error of its own, but does not know of a context that ended between two statements.
func (t *session) Fail(err error) error {
	err = t.name.explain(err)
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
