package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	codes "modernc.org/sqlite/lib"

	"barkeep/store"
	"barkeep/store/sqlstore"
)

const (
	// lockWait is how long Begin waits for another process that writes; a goroutine of this one is waited for until ctx ends.
	lockWait = 30 * time.Second
	// lockPause is kept between two attempts where the engine refuses without waiting.
	lockPause = 5 * time.Millisecond
)

// errFinished is returned by a transaction that was committed or rolled back.
var errFinished = errors.New("the transaction is finished")

// Tx is one write transaction. It holds the file's only write lock from Begin on, so keep it short; another write of the
// same process, the ledger's included, waits until it ends. It is for one goroutine.
type Tx struct {
	sqlstore.Tx
	*session
}

// session runs the statements of one transaction.
type session struct {
	conn  *sql.Conn // nil once finished
	file  *identity
	clock func() time.Time
	now   time.Time // at the beginning
	err   error     // the first failure of a statement: nothing is accepted after it, and nothing is committed

	// prepared holds by their text the statements that write rowsPerStatement bars: a large write runs thousands.
	prepared map[string]*sql.Stmt
}

// Begin starts a write transaction: it waits for this process's other writers until ctx ends, and for those of other
// processes half a minute at most.
func (a *Archive) Begin(ctx context.Context) (store.Tx, error) {
	tx, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (a *Archive) begin(ctx context.Context) (*Tx, error) {
	var connection *sql.Conn
	// Connecting may find the file taken as well, since it sets the journal mode of a new one.
	err := patiently(ctx, func() (err error) {
		connection, err = a.writer.Conn(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin on %s: %w", a.path, a.file.explain(err))
	}
	// IMMEDIATE takes the write lock now, so that no later statement can find it taken.
	err = patiently(ctx, func() error {
		_, err := connection.ExecContext(context.WithoutCancel(ctx), `BEGIN IMMEDIATE`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin on %s: %w", a.path, errors.Join(a.file.explain(err), connection.Close()))
	}
	s := &session{conn: connection, file: a.file, clock: a.clock, now: a.now().UTC(), prepared: map[string]*sql.Stmt{}}
	if err := a.file.check(); err != nil {
		_ = s.release(driver.ErrBadConn) // which closes the connection, and comes back
		return nil, fmt.Errorf("begin on %s: %w", a.path, err)
	}
	return &Tx{sqlstore.NewTx(s, dialect(a.hide)), s}, nil
}

// patiently tries again for lockWait while another process holds the file.
func patiently(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		err := try()
		if code(err) != codes.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(lockPause):
		}
	}
}

// Commit makes the transaction durable, in the file that is at its path. When it returns an error nothing of the transaction is
// stored there, unless the error wraps store.ErrInDoubt; a ctx that has ended before is such an error.
func (t *Tx) Commit(ctx context.Context) error {
	if err := t.Usable(ctx); err != nil {
		t.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if err := t.file.check(); err != nil {
		t.err = err
		t.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	// Not interruptible: an interrupted COMMIT would not tell whether it was one.
	if _, err := t.conn.ExecContext(context.WithoutCancel(ctx), `COMMIT`); err != nil {
		t.err = t.file.explain(err)
		t.Rollback()
		return fmt.Errorf("commit: %w", inDoubt(t.err))
	}
	if err := t.release(nil); err != nil {
		return fmt.Errorf("commit: %w", store.InDoubt(err))
	}
	if err := t.file.check(); err != nil {
		return fmt.Errorf("after the commit: %w", err)
	}
	return nil
}

// inDoubt marks the error of a COMMIT after which the next reader of the log may yet find the transaction: one of the device,
// which may have come after the last write.
func inDoubt(err error) error {
	if code(err) == codes.SQLITE_IOERR {
		return store.InDoubt(err)
	}
	return err
}

// Rollback drops everything the transaction did. After Commit or another Rollback it does nothing.
func (t *Tx) Rollback() {
	if t.conn == nil {
		return
	}
	var failed error
	if t.err == nil {
		_, failed = t.conn.ExecContext(context.Background(), `ROLLBACK`)
	}
	if t.err != nil || failed != nil {
		// After a failure nobody knows whether the engine is still in the transaction. A closed connection is in none.
		failed = driver.ErrBadConn
	}
	_ = t.release(failed) // what was not committed is gone in any case
}

// release gives the connection back, or closes it when it is driver.ErrBadConn.
func (t *session) release(state error) error {
	conn := t.conn
	t.conn = nil
	for _, statement := range t.prepared {
		_ = statement.Close() // its connection is given back or closed next
	}
	if errors.Is(state, driver.ErrBadConn) {
		return conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return conn.Close()
}

// Usable tells whether another statement may be run. A context that has ended is a failure like any other: a caller who
// overlooks it must not commit what came before.
func (t *session) Usable(ctx context.Context) error {
	switch {
	case t.conn == nil:
		return errFinished
	case t.err != nil:
		return fmt.Errorf("an earlier statement of the transaction failed: %w", t.err)
	case ctx.Err() != nil:
		return t.Fail(ctx.Err())
	}
	return nil
}

// Fail remembers the first failure, so that a caller who goes on cannot commit half of the work.
func (t *session) Fail(err error) error {
	err = t.file.explain(err)
	if t.err == nil {
		t.err = err
	}
	return err
}

// exec runs a statement of the transaction and returns the number of rows it wrote. It looks at ctx before and not while
// it runs: the engine would answer an interrupt with a rollback of its own, and no statement here writes over 50 rows,
// but for a restatement, whose statements take some ten thousand.
func (t *session) exec(ctx context.Context, query string, args ...any) (int, error) {
	if err := t.Usable(ctx); err != nil {
		return 0, err
	}
	return t.rowsWritten(t.conn.ExecContext(context.WithoutCancel(ctx), query, args...))
}

// execPrepared is exec for a statement that is run many times in one transaction.
func (t *session) execPrepared(ctx context.Context, query string, args ...any) (int, error) {
	if err := t.Usable(ctx); err != nil {
		return 0, err
	}
	statement := t.prepared[query]
	if statement == nil {
		var err error
		if statement, err = t.conn.PrepareContext(ctx, query); err != nil {
			return 0, t.Fail(err)
		}
		t.prepared[query] = statement
	}
	return t.rowsWritten(statement.ExecContext(context.WithoutCancel(ctx), args...))
}

// rowsWritten is how many rows a statement wrote.
func (t *session) rowsWritten(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, t.Fail(err)
	}
	n, err := result.RowsAffected()
	return int(n), err
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
