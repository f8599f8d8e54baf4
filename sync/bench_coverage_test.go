package syncer_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/calendar"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
	syncer "barkeep/sync"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// BenchmarkCoverageOfImports tells how much longer imports take that keep the ledger of coverage. The same answers are imported into
// two archives in turns, of which only one has a ledger: a first backfill of all that the provider serves, then the imports of the
// next benchDays sessions. The answers are decoded, and made before anything is measured. Gaps that are asked for again, as one of 1990
// for which all daily bars are, cost both archives the same request. Of each import the fastest round counts: a shared machine has bad
// moments.
//
//	backfill   the time of the first import, in times of the one without a ledger
//	daily      the same of the imports that follow, together
//	a-day      and of the cheapest tenth of them, which asks for few bars
//	-floor-ms  the times without a ledger
func BenchmarkCoverageOfImports(b *testing.B) {
	for name, open := range benchEngines() {
		b.Run(name, func(b *testing.B) {
			r := newBenchProvider(b)
			r.round(b, open, 0) // in which the answers are made
			with, without := r.round(b, open, 1)
			for turn := 2; b.Loop(); turn++ {
				more, bare := r.round(b, open, turn)
				for day := range with {
					with[day], without[day] = min(with[day], more[day]), min(without[day], bare[day])
				}
			}
			for way, of := range map[string]func([]float64) float64{
				"backfill": func(days []float64) float64 { return days[0] },
				"daily":    func(days []float64) float64 { return sumOf(days[1:]) },
				"a-day":    func(days []float64) float64 { return slices.Sorted(slices.Values(days[1:]))[benchDays/10] },
			} {
				b.ReportMetric(of(with)/of(without), way)
				b.ReportMetric(of(without)*1e3, way+"-floor-ms")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func sumOf(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// benchDays is how many daily imports follow a backfill.
const benchDays = 20

// benchProvider is the provider, whose answers are kept, at the time of a clock that stands.
type benchProvider struct {
	at     time.Time
	fake   *fake.Provider
	kept   map[string]benchAnswer
	client *yahoo.Client
	silent *slog.Logger
}

type benchAnswer struct {
	header http.Header
	status int
	body   string
}

func newBenchProvider(b *testing.B) *benchProvider {
	b.Helper()
	r := &benchProvider{kept: map[string]benchAnswer{}, silent: slog.New(slog.DiscardHandler)}
	var err error
	if r.fake, err = fake.New(fake.Options{Now: r.now}); err != nil {
		b.Fatal(err)
	}
	for timeframe, d := range map[market.Timeframe]calendar.Date{
		market.D1: {Year: 1990, Month: 7, Day: 12}, market.H1: {Year: 2025, Month: 2, Day: 11}, market.M5: {Year: 2026, Month: 1, Day: 28},
	} {
		r.fake.Inject(fake.Fault{Kind: fake.Withdraw, Timeframe: timeframe, From: d, To: d})
	}
	r.client, err = yahoo.New(yahoo.Config{
		BaseURLs: []string{"http://fake"}, RequestsPerMinute: 1e6, Now: r.now, Logger: r.silent, Transport: r,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.client.Close)
	return r
}

func (r *benchProvider) now() time.Time { return r.at }

// RoundTrip answers as before, what was asked before at this time.
func (r *benchProvider) RoundTrip(request *http.Request) (*http.Response, error) {
	key := r.at.String() + request.URL.String()
	known, ok := r.kept[key]
	if !ok {
		answer, err := inProcess{r.fake}.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		known = benchAnswer{answer.Header, answer.StatusCode, string(body)}
		r.kept[key] = known
	}
	return &http.Response{
		StatusCode: known.status, Header: known.header, Body: io.NopCloser(strings.NewReader(known.body)), Request: request,
		ContentLength: int64(len(known.body)),
	}, nil
}

// round lives through the imports once, from empty archives on, and tells how long each took, in seconds.
func (r *benchProvider) round(
	b *testing.B, open benchEngine, turn int,
) (took, bare []float64) {
	b.Helper()
	r.at = time.Date(2026, 3, 2, 22, 5, 0, 0, time.UTC)
	with, without := newBenchSide(b, r, open(b, time.Now), false), newBenchSide(b, r, open(b, time.Now), true)
	for day := 0; day <= benchDays; r.at = r.at.AddDate(0, 0, 1) {
		if weekday := r.at.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			continue
		}
		var err error
		if without.gaps, err = with.Gaps(b.Context(), store.GapFilter{Due: market.FarFuture()}); err != nil {
			b.Fatal(err)
		}
		order := []*benchSide{with, without}
		if (turn+day)%2 == 1 {
			slices.Reverse(order)
		}
		for _, side := range order {
			side.run(b, day == 0)
		}
		if with.counts != without.counts {
			b.Fatalf("on %s %+v, and without a ledger %+v", r.at, with.counts, without.counts)
		}
		day++
	}
	return with.took, without.took
}

// benchSide is one of the two archives.
type benchSide struct {
	store.Archive
	bare      bool         // it has no ledger of coverage
	gaps      []market.Gap // of the other one
	client    *yahoo.Client
	calendars map[string]*calendar.Calendar // of the instruments of one without
	gate      *gate.Gate
	work      gate.Work
	request   syncer.Request
	took      []float64 // by each import, in seconds
	counts    benchCounts
}

// benchCounts is what an import did.
type benchCounts struct{ requests, inserted, cells int }

// newBenchSide makes one side. Nothing is expected by an inferred calendar, so that the one without a ledger has hours all the
// same.
func newBenchSide(b *testing.B, r *benchProvider, archive store.Archive, bare bool) *benchSide {
	b.Helper()
	s := &benchSide{Archive: archive, bare: bare, client: r.client, calendars: map[string]*calendar.Calendar{}}
	s.request.Timeframes = []market.Timeframe{market.M1, market.M5, market.H1, market.D1, market.M3, market.H4, market.W1}
	s.request.Heal = 20
	for _, name := range []string{"AAPL", "ES", "VOD.L", "BTC-USD"} {
		i, err := market.Resolve(name)
		if err != nil {
			b.Fatal(err)
		}
		if bare {
			s.calendars[name] = i.Calendar
			inferred := *i.Calendar
			inferred.Inferred = true
			i.Calendar = &inferred
		}
		s.request.Instruments = append(s.request.Instruments, i)
	}
	engine, err := syncer.New(syncer.Config{
		Provider: s, Capabilities: yahoo.Capabilities(), Archive: s, Now: r.now, Logger: r.silent, Pacific: time.UTC,
	})
	if err != nil {
		b.Fatal(err)
	}
	s.work = func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
		report, err := engine.RunOnce(ctx, run, s.request, done, emit)
		s.counts = benchCounts{report.Requests, report.Inserted(), len(report.Cells)}
		return report.Cells, err
	}
	if s.gate, err = gate.New(gate.Config{Ledger: archive, Work: s.work, Now: r.now, Logger: r.silent}); err != nil {
		b.Fatal(err)
	}
	return s
}

// run imports once.
func (s *benchSide) run(b *testing.B, deep bool) {
	b.Helper()
	s.request.Deep = deep
	runtime.GC()
	began := time.Now()
	_, err := s.gate.RunAdHoc(b.Context(), gate.AdHocRequest{Job: ledger.JobImport, Entry: "bench", Work: s.work})
	if s.took = append(s.took, time.Since(began).Seconds()); err != nil {
		b.Fatal(err)
	}
}

// Fetch asks with the calendar that the instrument has: that rows are missing is noticed without a ledger, too.
func (s *benchSide) Fetch(ctx context.Context, request market.FetchRequest) (*market.FetchResult, error) {
	if s.bare {
		request.Instrument.Calendar = s.calendars[request.Instrument.Name]
	}
	return s.client.Fetch(ctx, request)
}

// Gaps are those of the archive with the ledger.
func (s *benchSide) Gaps(ctx context.Context, f store.GapFilter) ([]market.Gap, error) {
	if s.bare {
		return s.gaps, nil
	}
	return s.Archive.Gaps(ctx, f)
}

func (s *benchSide) Begin(ctx context.Context) (syncer.Tx, error) {
	tx, err := s.Archive.Begin(ctx)
	if s.bare {
		return bareTx{tx}, err
	}
	return tx, err
}

// bareTx is a transaction without a ledger of coverage.
type bareTx struct{ syncer.Tx }

func (bareTx) CoverageOf(context.Context, string) ([]market.Coverage, error) { return nil, nil }

func (bareTx) GapsOf(context.Context, market.Series, market.Window) ([]market.Gap, error) {
	return nil, nil
}

func (bareTx) Starts(context.Context, market.Series, market.Window) ([]int64, error) { return nil, nil }

func (bareTx) Cover(context.Context, market.Coverage, []market.Gap, []market.Gap) error { return nil }

// benchEngine makes an empty archive that takes the time of arrivals from a clock.
type benchEngine func(b *testing.B, now func() time.Time) store.Archive

func benchEngines() map[string]benchEngine {
	return map[string]benchEngine{"sqlite": benchSQLite, "postgres": benchPostgres}
}

func benchSQLite(b *testing.B, now func() time.Time) store.Archive {
	b.Helper()
	archive, err := sqlite.Open(b.Context(), sqlite.Config{
		Path: filepath.Join(b.TempDir(), "archive.db"), Now: now, Clock: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return archive
}

// benchPostgres makes a database of its own on the server of the tests.
func benchPostgres(b *testing.B, now func() time.Time) store.Archive {
	b.Helper()
	server := os.Getenv("BARKEEP_TEST_POSTGRES")
	if server == "" {
		b.Skip("BARKEEP_TEST_POSTGRES is not set: `make bench` brings a PostgreSQL server")
	}
	conn, err := pgx.Connect(b.Context(), server)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.WithoutCancel(b.Context())) })
	name := "sync_" + strings.ToLower(rand.Text())
	if _, err := conn.Exec(b.Context(), "CREATE DATABASE "+name); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(b.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			b.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		b.Fatal("BARKEEP_TEST_POSTGRES is no URL")
	}
	u.Path = "/" + name
	archive, err := postgres.Open(b.Context(), postgres.Config{URL: u.String(), Now: now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(archive.Close)
	if _, _, err := archive.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return archive
}
