// Package storetest is the conformance suite of the archives: what it asks, package store/postgres and package
// store/sqlite both do, so that whoever uses one can use the other.
//
// The folder servers below it starts the throwaway servers that tests need; it has nothing to do with this package.
package storetest

import (
	"context"
	"maps"
	"os/exec"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// Archive is what both archives can do. Engines differ in the type that Begin returns, hence tests wrap them.
type Archive interface {
	Close()
	Ping(ctx context.Context) error
	Migrate(ctx context.Context) (from, to int64, err error)
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	States(ctx context.Context) ([]market.SeriesState, error)
	Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error)
	Revisions(ctx context.Context, series market.Series, w market.Window) (*market.Candles, []time.Time, error)
	Begin(ctx context.Context) (Tx, error)
	StartRun(ctx context.Context, run ledger.Run) (int64, error)
	FinishRun(ctx context.Context, run ledger.Run) error
	RecordCell(ctx context.Context, cell ledger.Cell) error
	RecordCellOf(ctx context.Context, run ledger.Run, cell ledger.Cell) error
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	Run(ctx context.Context, id int64) (ledger.Run, bool, error)
	Cells(ctx context.Context, runID int64) ([]ledger.Cell, error)
	Gate
}

// Gate is what the run gate, the scheduler and their auditor need of an archive.
type Gate interface {
	Claim(ctx context.Context, run ledger.Run, lease time.Duration) (ledger.Claim, error)
	Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error)
	Finish(ctx context.Context, run ledger.Run) (ok bool, err error)
	Latest(ctx context.Context, slot ledger.Slot) (ledger.Run, bool, error)
	Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error)
	InProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error)
	Since(ctx context.Context, job ledger.Job, schedule string, now time.Time) (time.Time, error)
	Standing(ctx context.Context, job ledger.Job, from, to string) ([]ledger.Run, error)
	Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error)
	Tell(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration) (ledger.Turn, error)
	Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error
}

// Tx is one write transaction of an Archive.
type Tx interface {
	Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error)
	Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error)
	Newest(ctx context.Context, series market.Series) (time.Time, bool, error)
	RecordCell(ctx context.Context, cell ledger.Cell) error
	Fence(ctx context.Context, runID int64, token string) error
	Commit(ctx context.Context) error
	Rollback()
}

// Database is an empty database of an engine: no schema yet, nobody else in it.
type Database struct {
	// Open opens one more archive on the database, with its clock, and closes it after the test. It does not migrate. The
	// suite calls it from several goroutines, and several times, as processes that share a database do.
	Open func(t *testing.T, now func() time.Time) Archive
	// Query runs a statement that returns one whole number on a connection of its own: the suite's second opinion. Tables
	// and columns bear the same names in both engines.
	Query func(t *testing.T, sql string) int64
	// Snapshot reads the database as it is now, on a connection of its own. The schema is there already.
	Snapshot func(t *testing.T) Snapshot
	// Process is a process, not started yet, that runs Child with this mode and one more archive on the database.
	Process func(t *testing.T, mode string) *exec.Cmd
}

// Run tests an engine; fresh makes an empty database for one test. Every test is parallel.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	t.Helper()
	tests := map[string]func(*testing.T, Database){
		"bars: batches do to an archive what they do to a map":  testModel,
		"bars: a long mixed batch":                              testMixed,
		"bars: a million":                                       testMillion,
		"bars: odd ones come back as they were":                 testOdd,
		"bars: any order, the last of a start counts":           testOrder,
		"bars: what is no bar is refused":                       testRefused,
		"bars: a changed one leaves its old values":             testRevisions,
		"bars: a volume of 0 or none replaces no real one":      testVolume,
		"bars: the archive leaves those it is given alone":      testInput,
		"reading: windows are half-open":                        testWindows,
		"reading: states":                                       testStates,
		"reading: an empty archive":                             testEmpty,
		"reading: the view for people":                          testView,
		"transactions: rolled back, nothing is left":            testRollback,
		"transactions: a reader sees nothing before the commit": testIsolation,
		"transactions: a failed write is never committed":       testPoisoned,
		"transactions: writers of one series":                   testSameSeries,
		"transactions: writers of several series":               testManySeries,
		"ledger: runs":                   testRuns,
		"ledger: cells":                  testCells,
		"ledger: cells of a transaction": testCellsInTx,
		"migrations: several at once":    testConcurrentMigrations,
		"migrations: again is nothing":   testMigrateAgain,
	}
	maps.Copy(tests, gateTests())
	maps.Copy(tests, digestTests())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}
