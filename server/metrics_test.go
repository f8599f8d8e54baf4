package server_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/servertest"
)

// sample finds the value of a metric in a scrape, "" when it is not there.
func sample(body, name string) string {
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	metrics := server.NewMetrics()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Metrics = metrics
		b.Config.Import = servertest.Schedule(t, ledger.JobImport, "14:05", "20:00")
	})
	done := servertest.DoneRun(4, "2026-01-15", servertest.WinterNoon().Add(-5*time.Minute))
	b.Ledger.List = []ledger.Run{{ID: 5, Job: ledger.JobImport, State: ledger.StateRunning}, done}
	b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: done})
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = servertest.Ramp(servertest.WinterNoon().Add(-time.Hour), 5*time.Minute, 7)
	b.Archive.Series[market.Series{Instrument: "YM", Timeframe: market.M5}] = market.NewCandles(0)
	b.Provider.State.Breaker, b.Provider.State.LastAnswer = "open", time.UnixMilli(1768514900500)
	b.Redis.Fail(errors.New("gone"))
	metrics.Listen(ledger.Event{Kind: ledger.EventEnded, Run: done, Cells: []ledger.Cell{
		{State: ledger.CellStored, Inserted: 5, Changed: 2, Unchanged: 40, Requests: 3}, {State: ledger.CellFailed, Requests: 2}, {State: ledger.CellHeld},
	}})
	for _, e := range []ledger.Event{ // of runs ad hoc
		{Kind: ledger.EventBegun, Run: ledger.Run{Job: ledger.JobImport, State: ledger.StateRunning}},
		{Kind: ledger.EventEnded, Run: ledger.Run{Job: ledger.JobImport, State: ledger.StateAbandoned}},
		{Kind: ledger.EventEnded, Run: ledger.Run{Job: ledger.JobImport, State: ledger.StatePartial}},
		{Kind: ledger.EventLost, Run: ledger.Run{Job: ledger.JobImport, State: ledger.StateFailed}},
	} {
		metrics.Listen(e)
	}
	b.Get(t, "/api/v1/runs/99")
	b.Get(t, "/wp-login.php")
	b.Ask(t, "BREW", "/status", "")
	a := b.Get(t, "/metrics")
	if a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Content-Type"))
	}
	for name, want := range map[string]string{
		`barkeep_build_info{version="v1.2.3"}`:                                           "1",
		`barkeep_runs_total{job="import",state="done"}`:                                  "1",
		`barkeep_runs_total{job="import",state="partial"}`:                               "1",
		`barkeep_runs_total{job="import",state="failed"}`:                                "0",
		`barkeep_runs_total{job="import",state="abandoned"}`:                             "1",
		`barkeep_runs_total{job="import",state="stopped"}`:                               "0",
		`barkeep_cells_total{state="failed"}`:                                            "1",
		`barkeep_cells_total{state="held back"}`:                                         "1",
		`barkeep_bars_total{outcome="inserted"}`:                                         "5",
		`barkeep_bars_total{outcome="changed"}`:                                          "2",
		`barkeep_bars_total{outcome="unchanged"}`:                                        "40",
		`barkeep_provider_requests_total`:                                                "5",
		`barkeep_series_newest_bar_age_seconds{instrument="ES",timeframe="5m"}`:          "1800",
		`barkeep_series_newest_bar_age_seconds{instrument="YM",timeframe="5m"}`:          "",
		`barkeep_series_bars{instrument="ES",timeframe="5m"}`:                            "7",
		`barkeep_provider_breaker{state="open"}`:                                         "1",
		`barkeep_provider_breaker{state="closed"}`:                                       "0",
		`barkeep_provider_budget_left`:                                                   "4900",
		`barkeep_provider_last_success_timestamp_seconds`:                                "1.7685149005e+09",
		`barkeep_slot_due{job="import",slot="0",time="14:05"}`:                           "1",
		`barkeep_slot_done{job="import",slot="0",time="14:05"}`:                          "1",
		`barkeep_slot_due{job="import",slot="1",time="20:00"}`:                           "0",
		`barkeep_slot_done{job="import",slot="1",time="20:00"}`:                          "0",
		`barkeep_check_up{check="database"}`:                                             "1",
		`barkeep_check_up{check="redis"}`:                                                "0",
		`barkeep_part_up{part="series"}`:                                                 "1",
		`barkeep_last_run_finished_timestamp_seconds{job="import",state="done"}`:         "1.76851476e+09",
		`barkeep_http_requests_total{code="404",method="GET",route="/api/v1/runs/{id}"}`: "1",
		`barkeep_http_requests_total{code="404",method="GET",route="none"}`:              "1",
		`barkeep_http_requests_total{code="405",method="other",route="none"}`:            "1",
	} {
		if got := sample(a.Body, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(a.Body, "wp-login") || strings.Contains(a.Body, "BREW") {
		t.Error("what clients invent becomes a series")
	}
	problems, err := promlint.New(strings.NewReader(a.Body)).Lint()
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v %+v", err, problems)
	}
}

// TestScrapes: many at once, and again within seconds, read every part once.
func TestScrapes(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.D1}] = servertest.Ramp(servertest.WinterNoon(), time.Hour, 2)
	scrape := func() {
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if a := b.Get(t, "/metrics"); a.Status != http.StatusOK || sample(a.Body, `barkeep_part_up{part="series"}`) != "1" {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		group.Wait()
	}
	for i, after := range []time.Duration{0, 4900 * time.Millisecond, 200 * time.Millisecond} {
		b.Clock.Add(after)
		scrape()
		if want := int64(1 + i/2); b.Archive.Calls.Load() != want || b.Database.Calls.Load() != want {
			t.Errorf("scrapes %d: %d reads, %d probes, want %d", i, b.Archive.Calls.Load(), b.Database.Calls.Load(), want)
		}
	}
}

// TestScrapeOfASickDatabase: the ages of the bars that were known grow on, the part is said to be down.
func TestScrapeOfASickDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, func(b *servertest.Bench) { b.Config.Now, b.Config.SourceTimeout = time.Now, 2*time.Second })
		b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = servertest.Ramp(time.Now(), time.Minute, 1)
		const age = `barkeep_series_newest_bar_age_seconds{instrument="ES",timeframe="5m"}`
		if got := sample(b.Get(t, "/metrics").Body, age); got != "0" {
			t.Errorf("age %q", got)
		}
		release := b.Archive.Stall(t)
		time.Sleep(58 * time.Second)
		body := b.Get(t, "/metrics").Body
		if sample(body, age) != "60" || sample(body, `barkeep_part_up{part="series"}`) != "0" || sample(body, `barkeep_part_up{part="runs"}`) != "1" {
			t.Errorf("age %q, up %q", sample(body, age), sample(body, `barkeep_part_up{part="series"}`))
		}
		release()
		synctest.Wait()
		b.Archive.Fail(errors.New("gone"))
		time.Sleep(10 * time.Second)
		if body := b.Get(t, "/metrics").Body; sample(body, age) != "70" || sample(body, `barkeep_part_up{part="series"}`) != "0" {
			t.Errorf("with an error: age %q, up %q", sample(body, age), sample(body, `barkeep_part_up{part="series"}`))
		}
	})
}
