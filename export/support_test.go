package export_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/export"
	"barkeep/format"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	"barkeep/yahoo"
)

// on runs a test on an empty archive of each engine.
func on(t *testing.T, test func(t *testing.T, archive store.Archive)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := open(t)
			if _, _, err := archive.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, archive)
		})
	}
}

func openSQLite(t testing.TB) store.Archive {
	t.Helper()
	archive, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(t.TempDir(), "barkeep.db"), Now: time.Now, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(archive.Close)
	return archive
}

// databases numbers the databases of this process.
var databases atomic.Int64

func openPostgres(t testing.TB) store.Archive {
	t.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		t.Fatal("BARKEEP_TEST_POSTGRES is not set: `make test` brings a PostgreSQL server")
	}
	name := fmt.Sprintf("export_%d_%d", os.Getpid(), databases.Add(1))
	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	base, more, _ := strings.Cut(server, "?")
	url := base[:strings.LastIndexByte(base, '/')+1] + name + "?" + more
	archive, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(archive.Close)
	return archive
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, statement)
	if err = cmp.Or(err, conn.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// put stores bars of a series.
func put(t testing.TB, archive store.Archive, series market.Series, bars *market.Candles) {
	t.Helper()
	change(t, archive, func(tx store.Tx) error {
		_, err := tx.UpsertExact(t.Context(), series, bars)
		return err
	})
}

// fetched stores bars as a provider's, whose arrival is noted.
func fetched(t testing.TB, archive store.Archive, series market.Series, bars *market.Candles) {
	t.Helper()
	change(t, archive, func(tx store.Tx) error {
		_, err := tx.Upsert(t.Context(), series, bars)
		return err
	})
}

func change(t testing.TB, archive store.Archive, do func(store.Tx) error) {
	t.Helper()
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// options export an archive into a folder.
func options(archive store.Archive, path string, kind format.Kind) export.Options {
	return export.Options{
		Archive: archive, Capabilities: yahoo.Capabilities(), Resolve: yahoo.Resolve, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Kind: kind, Path: path,
	}
}

// done runs an export.
func done(t testing.TB, o export.Options) export.Report {
	t.Helper()
	r, err := export.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func series(name string, t market.Timeframe) market.Series {
	return market.Series{Instrument: name, Timeframe: t}
}

// bar is one whose values tell where it belongs.
func bar(start time.Time, price float64) market.Candle {
	b := market.Candle{Start: start, Open: price, High: price + 1, Low: price - 1, Close: price + 0.25, Volume: start.Unix() % 1000}
	if start.Minute()%7 == 0 {
		b.Volume = market.NoVolume
	}
	return b
}

// ramp makes n bars, one each step.
func ramp(from time.Time, step time.Duration, n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		bars.Append(bar(from.Add(time.Duration(i)*step), 5000+float64(i%977)/4))
	}
	return bars
}

// stored are all bars of a series.
func stored(t testing.TB, archive store.Archive, s market.Series) *market.Candles {
	t.Helper()
	bars, err := archive.Candles(t.Context(), s, market.Window{From: time.Unix(market.FirstTS, 0), To: time.Unix(market.LastTS, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

// exported are the bars of the files of a folder, series by series, which its manifest names in order.
func exported(t testing.TB, root string) map[market.Series]*market.Candles {
	t.Helper()
	all := map[market.Series]*market.Candles{}
	m := manifest(t, root)
	for _, h := range m.Series {
		s := series(h.Instrument, h.Timeframe)
		all[s] = market.NewCandles(0)
		for _, f := range h.Files {
			contents, err := format.ReadFile(m.Kind, filepath.Join(root, f.Path), func(_ market.Series, bars *market.Candles) error {
				all[s].AppendAll(bars)
				return nil
			})
			if err != nil || contents.Bars != f.Bars {
				t.Fatal(contents.Bars, f.Bars, err)
			}
		}
	}
	return all
}

func manifest(t testing.TB, root string) (m export.Manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, export.ManifestName))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil || m.Writing {
		t.Fatal(m.Writing, err)
	}
	return m
}

// holds fails the test unless a folder holds what the archive does, and nothing else.
func holds(t testing.TB, archive store.Archive, root string) {
	t.Helper()
	states, err := archive.States(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, n := exported(t, root), 0
	for _, s := range states {
		if s.Count == 0 {
			continue
		}
		n++
		if wrong := differ(got[s.Series], stored(t, archive, s.Series)); wrong != "" {
			t.Errorf("%s: %s", s.Series, wrong)
		}
	}
	if len(got) != n {
		t.Errorf("%d series are exported, want %d", len(got), n)
	}
	files := 0
	for _, h := range manifest(t, root).Series {
		files += len(h.Files)
	}
	if found := len(filesIn(t, root)); found != files+1 {
		t.Errorf("there are %d files, want %d and the manifest: %v", found, files, filesIn(t, root))
	}
}

// filesIn are all files below a folder.
func filesIn(t testing.TB, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// differ says what differs between two bars to the last bit; empty for nothing.
func differ(got, want *market.Candles) string {
	if got == nil || got.Len() != want.Len() {
		return fmt.Sprintf("%v bars, want %d", got, want.Len())
	}
	bits := math.Float64bits
	for i := range want.Len() {
		g, w := got.At(i), want.At(i)
		if !g.Start.Equal(w.Start) || bits(g.Open) != bits(w.Open) || bits(g.High) != bits(w.High) || bits(g.Low) != bits(w.Low) ||
			bits(g.Close) != bits(w.Close) || g.Volume != w.Volume || g.Flags != w.Flags || g.Parts != w.Parts {
			return fmt.Sprintf("bar %d is %+v, want %+v", i, g, w)
		}
	}
	return ""
}
