// Package servertest is a server and its API on fakes, for the tests of both.
package servertest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/api"
)

// Token is what the servers of these tests want to see.
const Token = "a-token-of-the-test"

// Clock is a time that the test moves.
type Clock struct{ at atomic.Pointer[time.Time] }

// Now is the clock's time.
func (c *Clock) Now() time.Time { return *c.at.Load() }

// Set sets it.
func (c *Clock) Set(t time.Time) { c.at.Store(&t) }

// Add moves it.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// Bench is a server with its API and everything they ask.
type Bench struct {
	Ledger   *Ledger
	Archive  *Archive
	Provider *Provider
	Database *Part
	Redis    *Part
	Clock    *Clock
	Log      *Lines
	Config   server.Config
	Hand     api.Hand // none, unless an option sets it
	*server.Server
}

// Lines is a log that tests read.
type Lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to it.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String is all of it.
func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// WinterNoon is a moment of the tests: 14:10 Pacific on 2026-01-15, five minutes after the slot.
func WinterNoon() time.Time { return time.Date(2026, 1, 15, 22, 10, 0, 0, time.UTC) }

// Pacific is the zone of the tests.
func Pacific(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// Schedule is a schedule in the Pacific zone.
func Schedule(t testing.TB, job ledger.Job, times ...string) ledger.Schedule {
	t.Helper()
	s, err := ledger.NewSchedule(job, times, Pacific(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Resolve finds an instrument.
func Resolve(t testing.TB, name string) market.Instrument {
	t.Helper()
	i, err := market.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// New builds a server that is stopped at the end of the test. The options change its configuration first.
func New(t testing.TB, options ...func(*Bench)) *Bench {
	t.Helper()
	b := &Bench{
		Ledger: &Ledger{
			ByRun: map[int64][]ledger.Cell{}, Slots: map[ledger.SlotID]SlotRecord{},
			Starts: func(api.RunRequest) (api.StartedRun, error) {
				return api.StartedRun{Run: ledger.Run{ID: 7, Job: ledger.JobImport, State: ledger.StateRunning}, New: true}, nil
			},
		},
		Archive: &Archive{Series: map[market.Series]*market.Candles{}},
		Provider: &Provider{State: server.ProviderState{
			Health: market.Health{Breaker: "closed"}, PerMinute: 30, Daily: 5000, Left: 4900,
		}},
		Database: &Part{}, Redis: &Part{}, Clock: &Clock{}, Log: &Lines{},
	}
	b.Clock.Set(WinterNoon())
	b.Config = server.Config{
		Addr: "127.0.0.1:0", Version: "v1.2.3", Mode: "operational", Token: Token,
		Import: Schedule(t, ledger.JobImport, "14:05"), Pacific: Pacific(t),
		Ledger: b.Ledger, States: b.Archive.States, Provider: b.Provider.Read,
		Checks: []server.Check{
			{Name: "database", Needed: true, Probe: func(context.Context) error { return b.Database.Pass() }},
			{Name: "redis", Probe: func(context.Context) error { return b.Redis.Pass() }},
		},
		Now: b.Clock.Now, Logger: slog.New(slog.NewTextHandler(b.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		SourceTimeout: 5 * time.Second, StopTimeout: 5 * time.Second,
	}
	for _, option := range options {
		option(b)
	}
	b.Server = b.serve(t)
	t.Cleanup(func() {
		if err := b.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return b
}

// serve builds the server and mounts the API on it.
func (b *Bench) serve(t testing.TB) *server.Server {
	t.Helper()
	s, err := server.New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := query.New(query.Config{
		Bars: b.Archive, Truth: b.Archive, Stills: b.Archive, Resolve: market.Resolve, Now: b.Config.Now, Logger: b.Config.Logger,
		Capabilities: market.Capabilities{Bases: map[market.Timeframe]market.Timeframe{market.W1: market.D1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := api.Config{
		Reader: reader, Starter: b.Ledger, Instruments: []market.Instrument{Resolve(t, "ES")},
		Resolve: func(text string) (market.Instrument, error) { return market.Resolve(strings.TrimSuffix(text, "=F")) },
		Symbol:  func(i market.Instrument) string { return i.Name + "=F" }, Calendars: b.Archive, Past: b.Archive,
		Hand: b.Hand, Serves: serves(),
	}
	if err := api.Mount(s, config); err != nil {
		t.Fatal(err)
	}
	return s
}

// serves is a source that forgets 5m bars after 60 days, and daily ones never.
func serves() market.Capabilities {
	return market.Capabilities{
		Source: "test",
		Native: []market.Native{
			{Timeframe: market.M5, DeepCap: 60 * 24 * time.Hour}, {Timeframe: market.D1, DeepCap: market.Everything},
		},
		Bases: map[market.Timeframe]market.Timeframe{},
	}
}
