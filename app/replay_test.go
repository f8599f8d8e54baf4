package app_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// recordings is the folder of real bars; tests that need it say so when it is absent.
func recordings(t testing.TB) string {
	t.Helper()
	dir := cmp.Or(os.Getenv("BARKEEP_RECORDINGS"), filepath.Join("..", "..", "shared", "recordings"))
	bars := filepath.Join(dir, "bars")
	if _, err := os.Stat(bars); err != nil {
		t.Skipf("the recorded bars are not here, so nothing can be replayed: %v", err)
	}
	return bars
}

// readBars reads one recorded file.
func readBars(t testing.TB, path string) []market.Candle {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	bars := make([]market.Candle, len(rows)-1)
	for i, row := range rows[1:] {
		var v [6]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(row[k], 64); err != nil {
				t.Fatalf("%s row %d: %v", path, i, err)
			}
		}
		bars[i] = market.Candle{
			Start: time.Unix(int64(v[0]), 0).UTC(), Open: v[1], High: v[2], Low: v[3], Close: v[4], Volume: int64(v[5]),
		}
	}
	return bars
}

// replay is a fake provider over HTTP and an archive, on a clock that the test moves.
type replay struct {
	now      time.Time
	last     time.Time // start of the last bar that the provider has; zero for no last one
	provider *fake.Provider
	config   config.Config
}

func newReplay(t *testing.T, options fake.Options, database string) *replay {
	t.Helper()
	r := &replay{}
	options.Now = r.clock
	provider, err := fake.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	r.provider = provider
	r.config, err = config.Load([]string{
		"DATABASE_URL=" + database, "YAHOO_BASE_URL=" + server.URL, "YAHOO_REQUESTS_PER_MINUTE=600000", "YAHOO_DAILY_BUDGET=0",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *replay) clock() time.Time { return r.now }

// open wires an app on the replay's clock.
func (r *replay) open(t *testing.T) *app.App {
	t.Helper()
	r.config.StartAt = time.Unix(0, 0) // the clock is set on purpose
	a, err := app.New(t.Context(), r.config, app.Options{Now: r.clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// sync runs the main job for one series at a moment. After the last recorded bar the provider is late, and the run says so.
func (r *replay) sync(t *testing.T, a *app.App, now time.Time, series market.Series, deep bool) ledger.Cell {
	t.Helper()
	r.now = now
	instruments, timeframes, err := yahoo.Select([]string{series.Instrument}, []string{string(series.Timeframe)}, "i", "t")
	if err != nil {
		t.Fatal(err)
	}
	report, err := a.RunAdHoc(t.Context(), "replay", syncer.Request{Instruments: instruments, Timeframes: timeframes, Deep: deep}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cell := report.Cells[0]
	switch state := report.Run.State; {
	case r.last.IsZero() || now.Before(r.last.Add(time.Hour)):
		if state != ledger.StateDone {
			t.Fatalf("run at %s is %s: %s", now, state, report.Run.Reason)
		}
	case now.After(r.last.Add(3*24*time.Hour)) && (state != ledger.StatePartial || cell.State.OK()):
		t.Fatalf("run at %s, after the last recorded bar of %s, is %s: %s", now, r.last, state, cell.State)
	}
	return cell
}

// databases are an empty archive of each engine.
func databases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"),
		"postgres": postgresDatabase(t),
	}
}

// TestReplay runs the main job over recorded bars at their own time: a first run in the middle of the file, as many more as a
// user with a few idle weeks would have made, and one when the last bars are final. The archive must then hold exactly the
// file.
func TestReplay(t *testing.T) {
	t.Parallel()
	folder := recordings(t)
	for _, tt := range []struct {
		file   string
		series market.Series
		first  time.Duration // after the file's first bar
		step   time.Duration
		deep   bool
	}{
		{"ES_60m_20240331_20260821.csv", market.Series{Instrument: "ES", Timeframe: market.H1}, 700 * 24 * time.Hour, 30 * 24 * time.Hour, true},
		{"ES_1d.csv", market.Series{Instrument: "ES", Timeframe: market.D1}, 9000 * 24 * time.Hour, 100 * 24 * time.Hour, true},
		{"NQ_5m_20250620_20250829.csv", market.Series{Instrument: "NQ", Timeframe: market.M5}, 50 * 24 * time.Hour, 24 * time.Hour, false},
		{"MNQ_5m_20250620_20250829.csv", market.Series{Instrument: "MNQ", Timeframe: market.M5}, 50 * 24 * time.Hour, 24 * time.Hour, false},
		{"GC_5m_20250620_20250829.csv", market.Series{Instrument: "GC", Timeframe: market.M5}, 50 * 24 * time.Hour, 24 * time.Hour, false},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			file := readBars(t, filepath.Join(folder, tt.file))
			for name, database := range databases(t) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					// The recorded rows come with the provider's quirks: an understated first row, young bars that still change.
					r := newReplay(t, fake.Options{Bars: alone(t, folder, tt.file), Only: true, RecordingQuirks: true}, database)
					r.last = file[len(file)-1].Start
					a := r.open(t)
					end := file[len(file)-1].Start.Add(4 * 24 * time.Hour) // past the weekend: nothing is provisional any more
					now := file[0].Start.Add(tt.first)
					cell := r.sync(t, a, now, tt.series, tt.deep)
					held := closed(t, tt.series, file, now)
					if want := "zero records"; !strings.Contains(cell.Reason, want) || cell.Inserted != held {
						t.Errorf("first run: %d inserted (%s), want %d (%s)", cell.Inserted, cell.Reason, held, want)
					}
					for now = now.Add(tt.step); now.Before(end); now = now.Add(tt.step) {
						cell = r.sync(t, a, now, tt.series, false)
						after := closed(t, tt.series, file, now)
						if cell.Inserted != after-held {
							t.Errorf("run at %s: %d inserted, want %d", now, cell.Inserted, after-held)
						}
						held = after
					}
					r.sync(t, a, end, tt.series, false)
					compare(t, a, tt.series, file)
					asked := r.provider.Count()
					cell = r.sync(t, a, end, tt.series, false)
					if cell.Inserted != 0 || cell.Changed != 0 {
						t.Errorf("second run at the end: %d inserted, %d changed, want none", cell.Inserted, cell.Changed)
					}
					if asked == r.provider.Count() && cell.State.Answered() {
						t.Error("the second run says stored, but asked for nothing")
					}
				})
			}
		})
	}
}

// alone is a folder that holds one recorded file only, since others of the same symbol would be merged with it.
func alone(t *testing.T, folder, file string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(path, filepath.Join(dir, file)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// closed counts the bars of the file whose interval is over, by the length of the bar and the session's close.
func closed(t *testing.T, series market.Series, file []market.Candle, now time.Time) int {
	t.Helper()
	instrument, err := market.Resolve(series.Instrument)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, bar := range file {
		if !series.Timeframe.End(instrument.Calendar, bar.Start).After(now) {
			n++
		}
	}
	return n
}

// compare holds the archive against the file, value for value.
func compare(t *testing.T, a *app.App, series market.Series, file []market.Candle) {
	t.Helper()
	all := market.Window{From: file[0].Start.AddDate(-1, 0, 0), To: file[len(file)-1].Start.AddDate(1, 0, 0)}
	bars, err := a.Archive.Candles(t.Context(), series, all)
	if err != nil {
		t.Fatal(err)
	}
	if bars.Len() != len(file) {
		t.Errorf("the archive holds %d bars, the file %d", bars.Len(), len(file))
	}
	wrong := 0
	for i := range min(bars.Len(), len(file)) {
		got := bars.At(i)
		got.Flags = 0
		if got != file[i] {
			if wrong++; wrong <= 5 {
				t.Errorf("bar %d: archive %s, file %s", i, show(got), show(file[i]))
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%d bars differ", wrong)
	}
}

func show(c market.Candle) string {
	return fmt.Sprintf("%s O %v H %v L %v C %v V %d", c.Start.Format(time.RFC3339), c.Open, c.High, c.Low, c.Close, c.Volume)
}
