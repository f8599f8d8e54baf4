package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/sqlite"
)

// BenchmarkRestate brings a million bars to another scale and back, and compares both ways with an UPDATE that does the same
// arithmetic on the same rows of another file: in time, from BEGIN to the end of COMMIT, and in bytes of the log. 4:1 and 3:2
// leave no revisions of these bars, 1:10 those of nine in ten, whose volumes it does not lead back. Before each way the log is
// empty.
func BenchmarkRestate(b *testing.B) {
	for _, split := range [][2]float64{{4, 1}, {3, 2}, {1, 10}} {
		f := market.SplitFactor(market.Action{Kind: market.ActionSplit, Numerator: split[0], Denominator: split[1]})
		b.Run(fmt.Sprintf("%v:%v", split[0], split[1]), func(b *testing.B) {
			spent := map[string]cost{}
			kept := 0
			for b.Loop() {
				kept = restateAndBack(b, f, spent)
			}
			for _, way := range []string{"restate", "unstate"} {
				ours, floor := spent[way], spent[way+"-floor"]
				b.ReportMetric(ours.seconds, way+"-s")
				b.ReportMetric(ours.wal/1e6, way+"-WAL-MB")
				b.ReportMetric(ours.seconds/floor.seconds, way+"/UPDATE")
				b.ReportMetric(ours.wal/floor.wal, way+"-WAL/UPDATE")
			}
			b.ReportMetric(float64(kept), "kept")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cost is what one way took in its fastest round: a shared machine has bad moments.
type cost struct{ seconds, wal float64 }

// restateAndBack measures every way once.
func restateAndBack(b *testing.B, f market.Factor, spent map[string]cost) (kept int) {
	b.Helper()
	floored, path := b.TempDir()+"/floor.db", b.TempDir()+"/archive.db"
	measure := func(way, path string, do func() error) {
		conn := second(b, path)
		_, err := conn.ExecContext(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.Close() // second closes it again
		took := timed(func() { err = do() }).Seconds()
		info, serr := os.Stat(path + "-wal")
		if err != nil || serr != nil {
			b.Fatal(err, serr)
		}
		if had, ok := spent[way]; !ok || took < had.seconds {
			spent[way] = cost{took, float64(info.Size())}
		}
	}
	base := migrated(b, floored)
	defer base.Close()
	upsert(b, base, es5m(), ramp(million))
	db, err := sql.Open("sqlite", "file:"+floored+"?_journal_mode=WAL&_synchronous=NORMAL&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	measure("restate-floor", floored, func() error { return updatePlainly(db, f) })
	measure("unstate-floor", floored, func() error { return updatePlainly(db, f.Inverse()) })

	archive := migrated(b, path)
	defer archive.Close()
	upsert(b, archive, es5m(), ramp(million))
	var done store.Restatement
	measure("restate", path, func() (err error) {
		done, err = scaled(b, archive, func(tx store.Tx) (store.Restatement, error) {
			return tx.Restate(b.Context(), store.Restatement{Series: es5m(), Action: 1, Before: always().To, Factor: f})
		})
		return err
	})
	measure("unstate", path, func() error {
		_, err := scaled(b, archive, func(tx store.Tx) (store.Restatement, error) { return tx.Unstate(b.Context(), done) })
		return err
	})
	return done.Kept
}

// updatePlainly is the floor.
func updatePlainly(db *sql.DB, f market.Factor) error {
	done, err := db.Exec(`
		UPDATE candles SET open = open * ?1 / ?2, high = high * ?1 / ?2, low = low * ?1 / ?2, close = close * ?1 / ?2,
		       volume = CAST(floor(CAST(volume AS REAL) * ?3 / ?4 + 0.5) AS INTEGER)
		WHERE series_id = (SELECT id FROM series)`, f.Price.Num, f.Price.Den, f.Volume.Num, f.Volume.Den)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != million {
		return fmt.Errorf("%d bars were updated, %w", n, err)
	}
	return nil
}

// scaled runs do in a transaction.
func scaled(
	b *testing.B, archive *sqlite.Archive, do func(store.Tx) (store.Restatement, error),
) (done store.Restatement, err error) {
	b.Helper()
	tx, err := archive.Begin(b.Context())
	if err != nil {
		return done, err
	}
	defer tx.Rollback()
	if done, err = do(tx); err != nil {
		return done, err
	}
	if done.Bars != million {
		return done, fmt.Errorf("%d bars were restated", done.Bars)
	}
	return done, tx.Commit(b.Context())
}
