// Package sqlstore keeps everything but how bars are written and scanned, for both engines: runs and their claims, cells, slots,
// notices, the rows of the series, and what is asked of bars. Its SQL stands once and both engines run it; the few words in which
// they differ are in a Dialect.
//
// Statements have the parameters $1, $2, ... and say CAST(... AS ...) where PostgreSQL has to be told a type.
package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"barkeep/market"
)

// Querier runs statements: each by itself, or all of them within a transaction.
type Querier interface {
	// Exec runs a statement and returns how many rows it wrote.
	Exec(ctx context.Context, sql string, args ...any) (rows int64, err error)
	// Query runs a statement and calls row for each row of its result, after its columns were scanned into the pointers of
	// into. It ends with the first error of row.
	Query(ctx context.Context, sql string, args, into []any, row func() error) error
	// Scan visits the rows of BarRows, RevisionRows or ReasonRows that start between first and last, in Unix microseconds. It ends
	// with the first error of visit, to which the bar belongs until it returns.
	Scan(ctx context.Context, sql string, series market.Series, first, last int64, visit func(*Bar) error) error
}

// Session runs the statements of an engine's write transaction.
type Session interface {
	Querier
	// Usable tells why no other statement may be run: an earlier one failed, the transaction is over, or ctx is.
	Usable(ctx context.Context) error
	// Fail keeps the transaction from being committed, as an error of a statement does, and returns what is to be said of err.
	Fail(err error) error
	// Lock keeps other writers of a series out until the transaction ends.
	Lock(ctx context.Context, series market.Series) error
	// LockName keeps other transactions out that lock the same name, that of an instrument, until the transaction ends.
	LockName(ctx context.Context, name string) error
	// Now is the clock of the archive at the beginning of the transaction. What is written is dated by SeriesRow.At.
	Now() time.Time
	// Merge stores rising bars, as Tx.Upsert or Tx.UpsertExact has it, and counts what it did. Where the series is tracked it also
	// tells the spans of the bars that it inserted: as few as can be that hold no bar that was stored before.
	Merge(ctx context.Context, w Write, bars *market.Candles) (market.Stored, []Span, error)
	// Withdraw takes bars out of the series, as Tx.Remove has it.
	Withdraw(ctx context.Context, w Write, starts []int64) (removed int, err error)
}

// Engine is a database. The methods of Querier read, each statement by itself.
type Engine interface {
	Querier
	// Direct runs do, whose statements may write. Each of them may be committed by itself, so do has to be right when it ends
	// after any of them. It is the fastest way to write that an engine has.
	Direct(ctx context.Context, do func(Querier) error) error
	// Write runs do in one transaction, which is committed if do returns no error.
	Write(ctx context.Context, do func(Querier) error) error
	// Still runs do, whose statements read, all of them the same state of the database. Nobody waits for it.
	Still(ctx context.Context, do func(Querier) error) error
}

// Dialect is what the engines say in different words. All of its SQL is of expressions and clauses.
type Dialect struct {
	// Now is the database's clock at the time of the statement, as the columns lease_until, turn_until and told hold it.
	Now string
	// NowMicros is the same clock as whole Unix microseconds, as tables hold it that are newer than those columns.
	NowMicros string
	// After is the instant that lies so many microseconds, the value of a parameter, after Now.
	After func(parameter string) string
	// Time is how a time is bound to the columns of runs, cells and schedules. It is read back into Time or NullTime.
	Time func(time.Time) any
	// ForUpdate and ForKeyShare end a SELECT that locks its rows against other writers and against those who end a run; empty
	// where the transaction has locked everything.
	ForUpdate   string
	ForKeyShare string
	// Seconds is a bar's start, a column of candles, as whole Unix seconds.
	Seconds func(column string) string
	// Start is how the start of a bar, in Unix seconds, is bound to a column of bars.
	Start func(seconds int64) any
	// Bytewise follows a text column that is compared byte by byte; empty where all are.
	Bytewise string
	// Duplicate tells whether a statement failed because of the unique index of this name over these columns of a table.
	Duplicate func(err error, index string, columns ...string) bool
	// Hide hides secrets in the reasons of runs and cells, on their way in and, since an earlier release may have written them, on
	// their way out. It is no matter of the engine, and nil where nothing is secret.
	Hide func(text string) string
	// Contended tells whether a statement failed only because another one ran at the same time; it may be run again.
	Contended func(error) bool
}

// Store is an archive but for its write transactions. Its methods may be called by several goroutines at once.
type Store struct {
	db Engine
	d  Dialect
}

// New makes the store of an engine.
func New(db Engine, d Dialect) *Store { return &Store{db: db, d: d} }

// exec runs one statement that writes, again while it only loses to others.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (n int64, err error) {
	for {
		err = s.db.Direct(ctx, func(q Querier) error {
			n, err = q.Exec(ctx, sql, args...)
			return err
		})
		if !s.d.Contended(err) || ctx.Err() != nil {
			return n, err
		}
	}
}

// one runs a query for at most one row and tells whether there was one.
func one(ctx context.Context, q Querier, sql string, args, into []any) (found bool, err error) {
	err = q.Query(ctx, sql, args, into, func() error {
		found = true
		return nil
	})
	return found, err
}

// stamp reads a time as either engine stores it; NULL is the zero time.
type stamp struct{ time.Time }

// Scan implements sql.Scanner.
func (s *stamp) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		s.Time = time.Time{}
	case time.Time:
		s.Time = v.UTC()
	case int64:
		s.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", value)
	}
	return nil
}

// instant is how a time is bound: NULL for the zero time.
func (d *Dialect) instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return d.Time(t)
}

// micros is a duration in whole microseconds, rounded up, so that no lease is none.
func micros(d time.Duration) int64 { return (d + time.Microsecond - 1).Microseconds() }

// hidden is a text without secrets.
func (d *Dialect) hidden(words string) string {
	if d.Hide == nil {
		return words
	}
	return d.Hide(words)
}

// reason makes a reason storable.
func (d *Dialect) reason(words string) string { return text(d.hidden(words)) }

// text makes words that come from elsewhere, a provider's answer say, storable: PostgreSQL refuses a NUL and bytes that
// are no UTF-8, and an ugly reason must not keep a failure out of the ledger.
func text(words string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(words, "\uFFFD"), "\x00", "\uFFFD")
}
