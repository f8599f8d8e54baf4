package postgres_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/market"
	"barkeep/store/postgres"
)

// benchBars is how many bars every path stores in a round.
const benchBars = 1_000_000

// BenchmarkStore compares the ways of storing a million bars with a floor: a binary COPY of the same rows, encoded beforehand,
// into the same table on one connection. The ways take turns, so that a machine that slows down slows all of them, and
// the medians of their rounds are reported as ratios to their floor's: 1 is as fast, 0.5 takes twice as long. All are
// measured from BEGIN to the end of COMMIT.
//
//	backfill    Upsert into an empty series
//	append      Upsert into a series that has bars, all of them earlier
//	identical   Upsert of the bars that are there
//	interleave  Upsert of bars between stored ones, every second one new. Its floor is a COPY between stored ones too, which
//	            the index makes slower than one at its end: that is interleave-floor/floor
func BenchmarkStore(b *testing.B) {
	lab := newLab(b)
	times := map[string][]float64{}
	wal := math.Inf(1)
	for b.Loop() {
		for range 3 {
			lab.round(b, times)
			wal = min(wal, lab.wal)
		}
	}
	floor := median(times["floor"])
	b.ReportMetric(benchBars/floor, "floor-rows/s")
	for _, way := range []string{"backfill", "append", "identical", "interleave-floor"} {
		b.ReportMetric(floor/median(times[way]), way+"/floor")
	}
	b.ReportMetric(median(times["interleave-floor"])/median(times["interleave"]), "interleave/interleave-floor")
	b.ReportMetric(wal, "identical-WAL-bytes")
	b.ReportMetric(0, "ns/op")
}

// lab is one database with the bars to store.
type lab struct {
	address string
	archive *postgres.Archive
	conn    *pgx.Conn
	bars    *market.Candles
	encoded []byte  // the bars as series 1
	between []byte  // bars that start a second later
	wal     float64 // bytes that the last identical write cost; on a server that others use, theirs too
}

func newLab(b *testing.B) *lab {
	b.Helper()
	l := &lab{address: database(b), bars: ramp(benchBars)}
	l.archive = migrated(b, l.address)
	execOn(b, l.address, `VACUUM`) // else readers of the catalogues tidy up after the migration, which is WAL too
	l.conn = connect(b, l.address)
	b.Cleanup(func() { l.conn.Close(context.Background()) })
	l.encoded, l.between = encode(l.bars, 1), encode(shifted(l.bars, 1), 1)
	return l
}

// round measures every way once.
func (l *lab) round(b *testing.B, times map[string][]float64) {
	b.Helper()
	measure := func(way string, do func()) {
		began := time.Now()
		do()
		times[way] = append(times[way], time.Since(began).Seconds())
	}
	store := func(bars *market.Candles, inserted int) func() {
		return func() {
			if got := upsert(b, l.archive, es5m(), bars); got.Inserted != inserted {
				b.Fatalf("stored %+v, want %d inserted", got, inserted)
			}
		}
	}
	l.clear(b)
	measure("floor", func() { l.copy(b, l.encoded) })
	l.clear(b)
	measure("backfill", store(l.bars, benchBars))
	before := l.position(b)
	measure("identical", store(l.bars, 0))
	l.wal = float64(l.position(b) - before)
	l.clear(b)
	store(shifted(l.bars.Slice(0, 1), -300), 1)()
	measure("append", store(l.bars, benchBars))
	l.clear(b)
	store(shifted(l.bars, 1), benchBars)()
	measure("interleave", store(l.bars, benchBars))
	l.clear(b)
	l.copy(b, l.between)
	measure("interleave-floor", func() { l.copy(b, l.encoded) })
}

// clear empties the archive; the checkpoint keeps the dirt of one measurement out of the next.
func (l *lab) clear(b *testing.B) {
	b.Helper()
	for _, sql := range []string{`TRUNCATE candles, candle_revisions, series`, `CHECKPOINT`} {
		if _, err := l.conn.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
}

// copy is the floor.
func (l *lab) copy(b *testing.B, rows []byte) {
	b.Helper()
	tx, err := l.conn.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	tag, err := l.conn.PgConn().CopyFrom(b.Context(), bytes.NewReader(rows),
		`COPY candles (series_id, ts, open, high, low, close, volume, flags) FROM STDIN (FORMAT binary)`)
	if err != nil || tag.RowsAffected() != benchBars {
		b.Fatal(tag, err)
	}
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// position is how many bytes of WAL the server has written.
func (l *lab) position(b *testing.B) int64 {
	b.Helper()
	return number(b, l.address, `SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint`)
}

// shifted copies bars to other starts.
func shifted(bars *market.Candles, seconds int64) *market.Candles {
	other := *bars
	other.TS = slices.Clone(bars.TS)
	for i := range other.TS {
		other.TS[i] += seconds
	}
	return &other
}

// encode writes rows for COPY in binary format with the generic means of encoding/binary.
func encode(bars *market.Candles, series int32) []byte {
	var out bytes.Buffer
	out.WriteString("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for i := range bars.Len() {
		micros := (bars.TS[i] - 946_684_800) * 1_000_000
		put(&out, int16(8), int32(4), series, int32(8), micros, int32(8), bars.Open[i], int32(8), bars.High[i],
			int32(8), bars.Low[i], int32(8), bars.Close[i], int32(8), bars.Volume[i], int32(2), int16(bars.Flags[i]))
	}
	put(&out, int16(-1))
	return out.Bytes()
}

func put(out *bytes.Buffer, values ...any) {
	for _, value := range values {
		if err := binary.Write(out, binary.BigEndian, value); err != nil {
			panic(err) // a bytes.Buffer refuses nothing of fixed size
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
