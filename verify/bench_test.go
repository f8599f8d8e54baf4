package verify_test

import (
	"database/sql"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
)

// BenchmarkVerify digests a million bars and compares that with plainly reading the same rows by the same driver, in turns.
// ratio is verify's speed in such readings; peak-MiB is the largest heap while it ran, and does not grow with the bars.
func BenchmarkVerify(b *testing.B) {
	const million = 1_000_000
	for name, database := range map[string]string{
		"sqlite": "sqlite:" + filepath.Join(b.TempDir(), "barkeep.db"), "postgres": postgresDatabase(b),
	} {
		store(b, openArchive(b, database), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(million))
		plain := plainSQLite
		if name == "postgres" {
			plain = plainPostgres
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var floors, paths []float64
			var peak uint64
			for b.Loop() {
				b.StopTimer()
				began := time.Now()
				if n := plain(b, strings.TrimPrefix(database, "sqlite:")); n != million {
					b.Fatalf("%d rows", n)
				}
				floors = append(floors, time.Since(began).Seconds())
				stop := watchHeap()
				b.StartTimer()
				began = time.Now()
				v, err := app.Verify(b.Context(), config.Config{DatabaseURL: database}, process(), options(""))
				if err != nil || v.Series[0].Bars != million {
					b.Fatal(v.Series, err)
				}
				paths = append(paths, time.Since(began).Seconds())
				b.StopTimer()
				peak = max(peak, stop())
				b.StartTimer()
			}
			slices.Sort(floors)
			slices.Sort(paths)
			floor, path := floors[len(floors)/2], paths[len(paths)/2]
			b.ReportMetric(million/path, "bars/s")
			b.ReportMetric(floor/path, "ratio")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

const benchQuery = `SELECT ts, open, high, low, close, volume, flags FROM candles ORDER BY series_id, ts`

func plainSQLite(b *testing.B, path string) (n int) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(b.Context(), benchQuery)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var ts, open, high, low, shut, volume, flags any
	for ; rows.Next(); n++ {
		if err := rows.Scan(&ts, &open, &high, &low, &shut, &volume, &flags); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return n
}

func plainPostgres(b *testing.B, address string) (n int) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	rows, err := conn.Query(b.Context(), benchQuery)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		rows.RawValues()
	}
	return n
}

// watchHeap samples the heap until the function it returns is called, which gives the largest size.
func watchHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	stop, peak := make(chan struct{}), uint64(0)
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	return func() uint64 { close(stop); watching.Wait(); return peak }
}
