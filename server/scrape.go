package server

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"barkeep/ledger"
	"barkeep/server/view"
	"barkeep/store"
)

// metrics shows the counters of this process and how things stand. Scrapes within a few seconds, however many, read every
// source once; barkeep_part_up is 0 for one that cannot be read, and its metrics are absent, but for the ages of the newest
// bars, which go on to grow from what was read last.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.SourceTimeout)
	defer cancel()
	found := &gauges{since: s.Now().Add(-scrapeAge)}
	s.beginSources(found.since)
	s.findSeries(ctx, found)
	s.findProvider(ctx, found)
	s.findSlots(ctx, found)
	s.findRuns(ctx, found)
	s.findHeld(ctx, found)
	s.findCoverage(ctx, found)
	for _, c := range s.viewChecks(ctx, found.since) {
		found.add("barkeep_check_up", "Whether a thing that Barkeep depends on answers.", truth(c.State == "ok"), "check", c.Name)
		if c.LatencyMS != nil {
			found.add("barkeep_check_latency_seconds", "How long it took to answer.", *c.LatencyMS/1000, "check", c.Name)
		}
	}
	if s.Disk != nil {
		found.disk(s.Disk())
	}
	found.add("barkeep_build_info", "Always 1.", 1, "version", s.Version)
	now := prometheus.NewRegistry()
	if err := now.Register(found); err != nil {
		return fmt.Errorf("collect metrics: %w", err)
	}
	promhttp.HandlerFor(prometheus.Gatherers{s.Metrics.registry, now}, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError,
	}).ServeHTTP(w, r)
	return nil
}

// gauges are the gauges of one scrape.
type gauges struct {
	since time.Time // what was read before is too old
	list  []prometheus.Metric
}

// Describe sends nothing: which gauges there are is known when they have been read.
func (f *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect gives the gauges.
func (f *gauges) Collect(out chan<- prometheus.Metric) {
	for _, m := range f.list {
		out <- m
	}
}

// add adds a gauge; labels are names and values in turn.
func (f *gauges) add(name, help string, value float64, labels ...string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	desc := prometheus.NewDesc(name, help, names, nil)
	f.list = append(f.list, prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, values...))
}

// disk adds the room of an embedded archive; nil for another one.
func (f *gauges) disk(d *view.Disk) {
	if d == nil {
		return
	}
	f.add("barkeep_disk_free_bytes", "Room that is left on the file system of an embedded archive.", float64(d.Free))
	f.add("barkeep_disk_size_bytes", "All room of that file system.", float64(d.Total))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// gauged takes a source for a scrape and notes whether it could be read.
func gauged[T any](ctx context.Context, f *gauges, r *source[T]) (T, bool) {
	got := r.get(ctx, f.since)
	f.add("barkeep_part_up", "Whether a part of the state could be read for this scrape.", truth(got.err == nil), "part", r.name)
	return got.value, got.err == nil
}

func (s *Server) findSeries(ctx context.Context, f *gauges) {
	states, ok := gauged(ctx, f, s.series)
	if !ok {
		if states, ok = s.series.lastGood(); !ok {
			return
		}
	}
	now := s.Now()
	for _, state := range states {
		labels := []string{"instrument", state.Series.Instrument, "timeframe", string(state.Series.Timeframe)}
		f.add("barkeep_series_bars", "Bars stored of a series.", float64(state.Count), labels...)
		if !state.Newest.IsZero() {
			f.add("barkeep_series_newest_bar_age_seconds", "Time since the start of a series' newest bar.",
				now.Sub(state.Newest).Seconds(), labels...)
		}
	}
}

func (s *Server) findProvider(ctx context.Context, f *gauges) {
	state, ok := gauged(ctx, f, s.provider)
	if !ok {
		return
	}
	for _, name := range []string{"closed", "half-open", "open"} {
		f.add("barkeep_provider_breaker", "1 for the state that the provider's circuit breaker is in.", truth(state.Breaker == name),
			"state", name)
	}
	f.add("barkeep_provider_retry_after_seconds", "How long requests are still held back.", state.RetryAfter.Seconds())
	if state.Left >= 0 {
		f.add("barkeep_provider_budget_left", "Requests that the provider's budget of this UTC day has left.", float64(state.Left))
	}
	if !state.LastAnswer.IsZero() {
		f.add("barkeep_provider_last_success_timestamp_seconds", "The provider's newest answer that was no fault.",
			unix(state.LastAnswer))
	}
}

func (s *Server) findSlots(ctx context.Context, f *gauges) {
	slots, ok := gauged(ctx, f, s.slots)
	if !ok {
		return
	}
	for _, v := range slots {
		labels := []string{"job", string(v.Job), "slot", strconv.Itoa(v.Index), "time", v.Time}
		f.add("barkeep_slot_due", "Whether the time of a slot of today has come.", truth(v.State != ledger.StateWaiting), labels...)
		f.add("barkeep_slot_done", "Whether a slot of today is done: its data is there.", truth(v.Done), labels...)
	}
}

// findRuns shows the newest run that ended of each job, whichever process ran it.
func (s *Server) findRuns(ctx context.Context, f *gauges) {
	runs, ok := gauged(ctx, f, s.runs)
	if !ok {
		return
	}
	seen := map[ledger.Job]bool{}
	for _, r := range runs.Runs {
		if r.Finished.IsZero() || seen[r.Job] {
			continue
		}
		seen[r.Job] = true
		f.add("barkeep_last_run_finished_timestamp_seconds", "When the newest run that ended did, and how.", unix(r.Finished),
			"job", string(r.Job), "state", string(r.State))
	}
}

// findHeld counts the instruments whose answers wait for a person, by cause.
func (s *Server) findHeld(ctx context.Context, f *gauges) {
	held, ok := gauged(ctx, f, s.held)
	if !ok {
		return
	}
	count := map[store.HeldCause]int{store.HeldListing: 0, store.HeldScale: 0}
	for _, h := range held {
		count[store.HeldCause(h.Cause)]++
	}
	for _, cause := range slices.Sorted(maps.Keys(count)) {
		f.add("barkeep_held_back", "Instruments whose answers are held back until a person has looked.", float64(count[cause]),
			"cause", string(cause))
	}
}

func (s *Server) findCoverage(ctx context.Context, f *gauges) {
	sums, ok := gauged(ctx, f, s.covered)
	if !ok {
		return
	}
	for _, c := range sums {
		timeframe := string(c.Timeframe)
		f.add("barkeep_coverage_expected_bars", "Bars that are expected, of all series of the timeframe.", float64(c.Expected),
			"timeframe", timeframe)
		f.add("barkeep_coverage_present_bars", "Of them those that are stored.", float64(c.Present), "timeframe", timeframe)
		for _, a := range c.Absent {
			f.add("barkeep_gap_bars", "Expected bars that are absent.", float64(a.Bars), "timeframe", timeframe,
				"reason", string(a.Reason))
		}
	}
}

// unix is an instant as Prometheus wants it: Unix seconds with a fraction.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
