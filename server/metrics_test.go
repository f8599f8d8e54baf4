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
	b := newBench(t, func(b *bench) {
		b.config.Metrics = metrics
		b.config.Import = schedule(t, ledger.JobImport, "14:05", "20:00")
	})
	done := doneRun(4, "2026-01-15", winterNoon().Add(-5*time.Minute))
	b.runs.list = []ledger.Run{{ID: 5, Job: ledger.JobImport, State: ledger.StateRunning}, done}
	b.runs.set(today(), server.SlotRecord{Run: done})
	b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.M5}] = ramp(winterNoon().Add(-time.Hour), 5*time.Minute, 7)
	b.archive.bars[market.Series{Instrument: "YM", Timeframe: market.M5}] = market.NewCandles(0)
	b.provider.state.Breaker, b.provider.state.LastSuccess = "open", time.UnixMilli(1768514900500)
	b.redis.fail(errors.New("gone"))
	metrics.Observe(done, []ledger.Cell{
		{State: ledger.CellStored, Inserted: 5, Changed: 2, Unchanged: 40, Requests: 3}, {State: ledger.CellFailed, Requests: 2},
	})
	metrics.Observe(ledger.Run{Job: ledger.JobImport, State: ledger.StatePartial}, nil)
	b.get(t, "/api/v1/runs/99")
	b.get(t, "/wp-login.php")
	b.ask(t, "BREW", "/status", "")
	a := b.get(t, "/metrics")
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %s", a.status, a.header.Get("Content-Type"))
	}
	for name, want := range map[string]string{
		`barkeep_build_info{version="v1.2.3"}`:                                           "1",
		`barkeep_runs_total{job="import",state="done"}`:                                  "1",
		`barkeep_runs_total{job="import",state="partial"}`:                               "1",
		`barkeep_runs_total{job="import",state="failed"}`:                                "0",
		`barkeep_cells_total{state="failed"}`:                                            "1",
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
		`barkeep_slot_due{job="import",slot="0"}`:                                        "1",
		`barkeep_slot_done{job="import",slot="0"}`:                                       "1",
		`barkeep_slot_due{job="import",slot="1"}`:                                        "0",
		`barkeep_slot_done{job="import",slot="1"}`:                                       "0",
		`barkeep_check_up{check="database"}`:                                             "1",
		`barkeep_check_up{check="redis"}`:                                                "0",
		`barkeep_part_up{part="series"}`:                                                 "1",
		`barkeep_last_run_finished_timestamp_seconds{job="import",state="done"}`:         "1.76851476e+09",
		`barkeep_http_requests_total{code="404",method="GET",route="/api/v1/runs/{id}"}`: "1",
		`barkeep_http_requests_total{code="404",method="GET",route="none"}`:              "1",
		`barkeep_http_requests_total{code="405",method="other",route="none"}`:            "1",
	} {
		if got := sample(a.body, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(a.body, "wp-login") || strings.Contains(a.body, "BREW") {
		t.Error("what clients invent becomes a series")
	}
	problems, err := promlint.New(strings.NewReader(a.body)).Lint()
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v %+v", err, problems)
	}
}

// TestScrapes: many at once, and again within seconds, read every part once.
func TestScrapes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.D1}] = ramp(winterNoon(), time.Hour, 2)
	scrape := func() {
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if a := b.get(t, "/metrics"); a.status != http.StatusOK || sample(a.body, `barkeep_part_up{part="series"}`) != "1" {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		group.Wait()
	}
	for i, after := range []time.Duration{0, 4900 * time.Millisecond, 200 * time.Millisecond} {
		b.clock.add(after)
		scrape()
		if want := int64(1 + i/2); b.archive.calls.Load() != want || b.database.calls.Load() != want {
			t.Errorf("scrapes %d: %d reads, %d probes, want %d", i, b.archive.calls.Load(), b.database.calls.Load(), want)
		}
	}
}

// TestScrapeOfASickDatabase: the ages of the bars that were known grow on, the part is said to be down.
func TestScrapeOfASickDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.config.Now, b.config.Patience = time.Now, 2*time.Second })
		b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.M5}] = ramp(time.Now(), time.Minute, 1)
		const age = `barkeep_series_newest_bar_age_seconds{instrument="ES",timeframe="5m"}`
		if got := sample(b.get(t, "/metrics").body, age); got != "0" {
			t.Errorf("age %q", got)
		}
		release := b.archive.stall(t)
		time.Sleep(58 * time.Second)
		body := b.get(t, "/metrics").body
		if sample(body, age) != "60" || sample(body, `barkeep_part_up{part="series"}`) != "0" || sample(body, `barkeep_part_up{part="runs"}`) != "1" {
			t.Errorf("age %q, up %q", sample(body, age), sample(body, `barkeep_part_up{part="series"}`))
		}
		release()
		synctest.Wait()
		b.archive.fail(errors.New("gone"))
		time.Sleep(10 * time.Second)
		if body := b.get(t, "/metrics").body; sample(body, age) != "70" || sample(body, `barkeep_part_up{part="series"}`) != "0" {
			t.Errorf("with an error: age %q, up %q", sample(body, age), sample(body, `barkeep_part_up{part="series"}`))
		}
	})
}
