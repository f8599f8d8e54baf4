package server

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"barkeep/ledger"
)

// Metrics counts what this process did since it began. What other processes did is not in it: sum over them.
type Metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	cells    *prometheus.CounterVec
	bars     *prometheus.CounterVec
	sent     prometheus.Counter
	http     *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// NewMetrics makes counters that stand at 0.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		runs: counter("barkeep_runs_total", "Runs of slots and ad hoc that this process ended, or took over from a process that died, "+
			"by how they ended.", "job", "state"),
		cells: counter("barkeep_cells_total", "Series of those runs, by how they fared.", "state"),
		bars:  counter("barkeep_bars_total", "Bars that those runs gave to the archive, by what it did with them.", "outcome"),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "barkeep_provider_requests_total", Help: "HTTP requests that those runs sent to the provider.",
		}),
		http: counter("barkeep_http_requests_total", "HTTP requests answered.", "route", "method", "code"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "barkeep_http_request_duration_seconds", Help: "Time to answer, the wait that was asked for included.",
			Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.runs, m.cells, m.bars, m.sent, m.http, m.took, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, state := range []ledger.State{
		ledger.StateDone, ledger.StatePartial, ledger.StateFailed, ledger.StateStopped, ledger.StateAbandoned,
	} {
		m.runs.WithLabelValues(string(ledger.JobImport), string(state)) // 0 is shown before the first one
	}
	for _, outcome := range []string{"inserted", "changed", "unchanged"} {
		m.bars.WithLabelValues(outcome)
	}
	return m
}

// Listen counts the runs that end, those of slots and those ad hoc. It takes the events of any run.
func (m *Metrics) Listen(e ledger.Event) {
	if e.Kind != ledger.EventEnded {
		return
	}
	m.runs.WithLabelValues(string(e.Run.Job), string(e.Run.State)).Inc()
	for _, c := range e.Cells {
		m.cells.WithLabelValues(string(c.State)).Inc()
		m.bars.WithLabelValues("inserted").Add(float64(c.Inserted))
		m.bars.WithLabelValues("changed").Add(float64(c.Changed))
		m.bars.WithLabelValues("unchanged").Add(float64(c.Unchanged))
		m.sent.Add(float64(c.Requests))
	}
}

// request counts one HTTP request. Methods that clients invent are one series.
func (m *Metrics) request(route, method string, status int, took time.Duration) {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete}, method) {
		method = "other"
	}
	m.http.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}
