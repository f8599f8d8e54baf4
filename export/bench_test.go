package export_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"barkeep/export"
	"barkeep/format"
	"barkeep/market"
)

// BenchmarkExport exports ten million bars of 1m from SQLite into a folder of Parquet, into one
// file, and into the folder again, where nothing changed. peak-MiB is the largest heap, which does not grow with the bars.
func BenchmarkExport(b *testing.B) {
	const most = 10_000_000
	archive := openSQLite(b)
	if _, _, err := archive.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	s := series("ES", market.M1)
	const batch = 500_000
	for n := 0; n < most; n += batch {
		put(b, archive, s, ramp(time.Date(2000, 1, 1, 0, n, 0, 0, time.UTC), time.Minute, batch))
	}
	debug.FreeOSMemory()
	report := func(name string, seconds float64, peak uint64, r export.Report) {
		if r.Bars != most {
			b.Fatal(name, r.Bars)
		}
		b.ReportMetric(most/seconds, name+"-bars/s")
		b.ReportMetric(float64(peak)/(1<<20), name+"-peak-MiB")
	}
	for b.Loop() {
		folder := options(archive, filepath.Join(b.TempDir(), "folder"), format.Parquet)
		file := options(archive, filepath.Join(b.TempDir(), "file.parquet"), format.Parquet)
		file.File = true
		for _, way := range []struct {
			name string
			o    export.Options
		}{{"folder", folder}, {"again", folder}, {"file", file}} {
			stop := watchHeap()
			began := time.Now()
			r := done(b, way.o)
			report(way.name, time.Since(began).Seconds(), stop(), r)
		}
		if err := os.RemoveAll(folder.Path); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
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
