package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/market"
	"barkeep/store"
	"barkeep/store/postgres"
)

// BenchmarkRestate brings a million bars to another scale and back, and compares both ways with an UPDATE that does the same
// arithmetic on the same rows: in time, from BEGIN to the end of COMMIT, and in bytes of WAL. 4:1 and 3:2 leave no revisions of
// these bars, 1:10 those of nine in ten, whose volumes it does not lead back. Before each way the table is vacuumed and the
// server makes a checkpoint.
func BenchmarkRestate(b *testing.B) {
	for _, split := range [][2]float64{{4, 1}, {3, 2}, {1, 10}} {
		f := market.SplitFactor(market.Action{Kind: market.ActionSplit, Numerator: split[0], Denominator: split[1]})
		b.Run(fmt.Sprintf("%v:%v", split[0], split[1]), func(b *testing.B) {
			l := newRestating(b)
			spent := map[string][]cost{}
			for b.Loop() {
				l.round(b, f, spent)
			}
			for _, way := range []string{"restate", "unstate"} {
				ours, floor := fastest(spent[way]), fastest(spent[way+"-floor"])
				b.ReportMetric(ours.seconds, way+"-s")
				b.ReportMetric(ours.wal/1e6, way+"-WAL-MB")
				b.ReportMetric(ours.seconds/floor.seconds, way+"/UPDATE")
				b.ReportMetric(ours.wal/floor.wal, way+"-WAL/UPDATE")
			}
			b.ReportMetric(float64(l.kept), "kept")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cost is what one way took.
type cost struct{ seconds, wal float64 }

// fastest is the least of each: a shared machine has bad moments.
func fastest(all []cost) cost {
	least := all[0]
	for _, c := range all {
		least = cost{min(least.seconds, c.seconds), min(least.wal, c.wal)}
	}
	return least
}

// restating is one database with the bars to restate.
type restating struct {
	address string
	archive *postgres.Archive
	conn    *pgx.Conn
	bars    *market.Candles
	kept    int // as revisions, by the last restatement
}

func newRestating(b *testing.B) *restating {
	b.Helper()
	l := &restating{address: database(b), bars: ramp(benchBars)}
	l.archive, l.conn = migrated(b, l.address), connect(b, l.address)
	b.Cleanup(func() { l.conn.Close(context.Background()) })
	return l
}

// round measures every way once.
func (l *restating) round(b *testing.B, f market.Factor, spent map[string][]cost) {
	b.Helper()
	measure := func(way string, do func()) {
		l.exec(b, `VACUUM ANALYZE candles`)
		l.exec(b, `CHECKPOINT`)
		position := func() int64 { return number(b, l.address, `SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint`) }
		before, began := position(), time.Now()
		do()
		took := time.Since(began).Seconds()
		spent[way] = append(spent[way], cost{took, float64(position() - before)})
	}
	l.load(b)
	measure("restate-floor", func() { l.update(b, f) })
	measure("unstate-floor", func() { l.update(b, f.Inverse()) })
	l.load(b)
	var done store.Restatement
	measure("restate", func() {
		done = l.in(b, func(tx store.Tx) (store.Restatement, error) {
			return tx.Restate(b.Context(), store.Restatement{Series: es5m(), Action: 1, Before: always().To, Factor: f})
		})
	})
	measure("unstate", func() {
		l.in(b, func(tx store.Tx) (store.Restatement, error) { return tx.Unstate(b.Context(), done) })
	})
	l.kept = done.Kept
}

func (l *restating) load(b *testing.B) {
	b.Helper()
	l.exec(b, `TRUNCATE candles, candle_revisions, series, arrivals, restatements`)
	upsert(b, l.archive, es5m(), l.bars)
}

func (l *restating) exec(b *testing.B, sql string) int64 {
	b.Helper()
	tag, err := l.conn.Exec(b.Context(), sql)
	if err != nil {
		b.Fatal(err)
	}
	return tag.RowsAffected()
}

// update is the floor.
func (l *restating) update(b *testing.B, f market.Factor) {
	b.Helper()
	n := l.exec(b, fmt.Sprintf(`
		UPDATE candles SET open = open * %[1]v::float8 / %[2]v::float8, high = high * %[1]v::float8 / %[2]v::float8,
		       low = low * %[1]v::float8 / %[2]v::float8, close = close * %[1]v::float8 / %[2]v::float8,
		       volume = floor(volume::float8 * %[3]v::float8 / %[4]v::float8 + 0.5)::bigint
		WHERE series_id = (SELECT id FROM series)`, f.Price.Num, f.Price.Den, f.Volume.Num, f.Volume.Den))
	if n != benchBars {
		b.Fatalf("%d bars were updated", n)
	}
}

func (l *restating) in(b *testing.B, do func(store.Tx) (store.Restatement, error)) store.Restatement {
	b.Helper()
	tx, err := l.archive.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	done, err := do(tx)
	if err == nil {
		err = tx.Commit(b.Context())
	}
	if err != nil || done.Bars != benchBars {
		b.Fatalf("%+v, %v", done, err)
	}
	return done
}
