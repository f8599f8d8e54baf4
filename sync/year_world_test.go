package syncer_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store/sqlite"
	syncer "barkeep/sync"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// year is a provider, an archive in a file, and all between, on one clock.
type year struct {
	t         *testing.T
	rng       *rand.Rand
	offset    time.Duration // of the year's clock from the bubble's
	start     time.Time
	companies []*company

	provider *fake.Provider
	client   *yahoo.Client
	archive  *sqlite.Archive
	engine   *syncer.Engine
	gate     *gate.Gate
	report   syncer.Report

	oracle
	memories []remembered

	wrong []string
	calm  bool
	days  int
	runs  int
	held  int
}

// inProcess carries requests to a handler without a socket, so that the clock of a bubble goes on.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// newYear makes the year of a seed; one that is calm lasts three months and has neither changes of scale nor of identity.
func newYear(t *testing.T, seed uint64, path string, calm bool) *year {
	t.Helper()
	y := &year{t: t, rng: rand.New(rand.NewPCG(seed, 1)), calm: calm, days: 365}
	if calm {
		y.days = 90
	}
	y.start = time.Date(2024, 1, 8, 22, 5, 0, 0, time.UTC).AddDate(0, 0, y.rng.IntN(700))
	y.offset = time.Until(y.start)
	y.companies = scripts{t, y.rng, y.start}.all(calm)
	y.oracle.since = map[market.Series][]market.Window{}
	options := fake.Options{Now: y.now, Seed: seed}
	for _, c := range y.companies {
		options.Changes = append(options.Changes, c.changes...)
	}
	var err error
	if y.provider, err = fake.New(options); err != nil {
		t.Fatal(err)
	}
	y.open(path)
	return y
}

func (y *year) now() time.Time { return time.Now().Add(y.offset) }

// open wires what is between the provider and the archive.
func (y *year) open(path string) {
	y.t.Helper()
	silent := slog.New(slog.DiscardHandler)
	var err error
	fatal := func() {
		y.t.Helper()
		if err != nil {
			y.t.Fatal(err)
		}
	}
	y.client, err = yahoo.New(yahoo.Config{
		BaseURLs: []string{"http://fake"}, RequestsPerMinute: 1e6, Now: y.now, Logger: silent, Transport: inProcess{y.provider},
	})
	fatal()
	y.archive, err = sqlite.Open(y.t.Context(), sqlite.Config{Path: path, Now: y.now, Clock: y.now})
	fatal()
	_, _, err = y.archive.Migrate(y.t.Context())
	fatal()
	y.engine, err = syncer.New(syncer.Config{
		Provider: y.client, Capabilities: yahoo.Capabilities(), Archive: y.archive, Now: y.now, Logger: silent, Pacific: time.UTC,
	})
	fatal()
	y.gate, err = gate.New(gate.Config{Ledger: y.archive, Work: y.work, Now: y.now, Logger: silent})
	fatal()
}

func (y *year) close() {
	y.client.Close()
	y.archive.Close()
}

func (y *year) work(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
	request := syncer.Request{Timeframes: yearBases}
	for tf := range yearFolds {
		request.Timeframes = append(request.Timeframes, tf)
	}
	for _, c := range y.companies {
		request.Instruments = append(request.Instruments, c.instrument)
	}
	var err error
	y.report, err = y.engine.RunOnce(ctx, run, request, done, emit)
	return y.report.Cells, err
}

// live runs an import on most days of the year, and looks at the archive after each.
func (y *year) live() {
	for n := 0; n < y.days && len(y.wrong) < 20; {
		today := y.draw(n)
		y.provider.Clear()
		for _, f := range today.faults {
			y.provider.Inject(f)
		}
		y.forget()
		y.enter()
		y.sync(today)
		y.remember()
		y.look(n%45 == 0)
		pause := y.pause()
		n += pause
		time.Sleep(time.Duration(pause)*24*time.Hour - y.now().Sub(y.now().Truncate(24*time.Hour).Add(22*time.Hour+5*time.Minute)))
	}
}

// sync runs one import and takes note of it.
func (y *year) sync(today yearDay) {
	asked := y.provider.Count()
	_, err := y.gate.RunAdHoc(y.t.Context(), gate.AdHocRequest{Job: ledger.JobImport, Entry: "year", Work: y.work})
	if err != nil {
		y.complain("the run broke off: %v", err)
	}
	y.runs++
	y.chronicle(os.Getenv(yearTellKey))
	y.note(today, y.provider.Requests()[asked:])
}

// enter lets a person add the splits that nobody tells of.
func (y *year) enter() {
	for _, c := range y.companies {
		for i, when := range c.byHand {
			if when.IsZero() || c.entered[i] || y.now().Before(when) {
				continue
			}
			c.entered[i] = true
			split := c.changes[i]
			action := market.Action{Kind: market.ActionSplit, Numerator: split.Numerator, Denominator: split.Denominator}
			date := calendar.DateOf(split.Time.In(c.instrument.Calendar.Zone))
			if _, err := y.engine.AddAction(y.t.Context(), c.instrument, date, action, "the provider forgot it"); err != nil {
				y.t.Fatal(err)
			}
		}
	}
}

// chronicle prints what a run did with one instrument.
func (y *year) chronicle(name string) {
	for _, c := range y.report.Cells {
		if c.Instrument == name && (c.Requests > 0 || c.State != ledger.CellStored && c.State != ledger.CellClosed) {
			y.t.Logf("%s %s %s: %s, %d fetched, %d inserted, %d changed: %s", y.now().Format(time.DateTime), c.Instrument, c.Timeframe,
				c.State, c.Fetched, c.Inserted, c.Changed, c.Reason)
		}
	}
}

// complain notes what is wrong, with the day on which it was.
func (y *year) complain(format string, args ...any) {
	y.wrong = append(y.wrong, y.now().Format(time.DateOnly)+": "+fmt.Sprintf(format, args...))
}

// summary says what happened, for whoever looks at a year that went wrong.
func (y *year) summary() string {
	var parts []string
	for _, c := range y.companies {
		parts = append(parts, c.String())
	}
	return fmt.Sprintf("from %s, %d runs, %d requests, %d answers held back\n%s", y.start.Format(time.DateOnly), y.runs, y.provider.Count(),
		y.held, strings.Join(parts, "\n"))
}
