package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barkeep/config"
	"barkeep/market"
	"barkeep/store/state"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// stopBound is how long closing everything may take.
const stopBound = 8 * time.Second

// Options are what a process adds to the configuration.
type Options struct {
	Now    func() time.Time
	Logger *slog.Logger
	Watch  func(syncer.Event) // nil: nobody watches the runs
}

// App is a wired Barkeep. Close it.
type App struct {
	Config  config.Config
	Archive Archive
	Engine  *syncer.Engine

	instruments []market.Instrument
	timeframes  []market.Timeframe
	closers     closers
}

// New opens everything that the configuration names: the archive, migrated to the newest schema, the state in Redis or in
// this process, the provider's client and the engine. A Redis that does not answer is logged and costs speed only.
func New(ctx context.Context, c config.Config, o Options) (*App, error) {
	a := &App{Config: c}
	if err := a.open(ctx, o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context, o Options) error {
	var err error
	if a.instruments, a.timeframes, err = selection(a.Config); err != nil {
		return err
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	if err := a.openArchive(ctx, o); err != nil {
		return err
	}
	shared, err := a.openState(ctx, o)
	if err != nil {
		return err
	}
	client, err := a.openProvider(o, shared)
	if err != nil {
		return err
	}
	a.Engine, err = syncer.New(syncer.Config{
		Provider: client, Archive: a.Archive, Cache: a.cache(shared), Leases: leases{shared}, Now: o.Now, Logger: o.Logger,
		Pacific: pacific, Watch: o.Watch, Writers: a.writers(),
	})
	return err
}

func (a *App) openArchive(ctx context.Context, o Options) error {
	archive, closeArchive, err := OpenArchive(ctx, a.Config, o.Now, o.Logger)
	if err != nil {
		return err
	}
	a.closers.add("archive", func() error { closeArchive(); return nil })
	a.Archive = archive
	if _, _, err := archive.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", a.Config.DatabaseName(), err)
	}
	return nil
}

func (a *App) openState(ctx context.Context, o Options) (*state.State, error) {
	shared, err := state.Open(ctx, state.Config{URL: a.Config.RedisURL, Now: o.Now, Logger: o.Logger})
	if err != nil {
		return nil, errors.Join(ErrConfiguration, fmt.Errorf("REDIS_URL: %w", err))
	}
	a.closers.add("state", shared.Close)
	if err := shared.Ping(ctx); err != nil {
		o.Logger.WarnContext(ctx, "redis does not answer, going on without it", "redis", a.Config.RedisName(), "error", err)
	}
	return shared, nil
}

func (a *App) openProvider(o Options, shared *state.State) (*yahoo.Client, error) {
	budget, err := shared.NewBudget(a.Config.YahooRequestsPerMinute, a.Config.YahooDailyBudget, "yahoo")
	if err != nil {
		return nil, errors.Join(ErrConfiguration, err)
	}
	c := yahoo.Config{
		UserAgent: a.Config.YahooUserAgent, RequestsPerMinute: a.Config.YahooRequestsPerMinute, Budget: budget,
		Now: o.Now, Logger: o.Logger,
	}
	if a.Config.YahooBaseURL != "" {
		c.BaseURLs = []string{a.Config.YahooBaseURL}
	}
	client, err := yahoo.New(c)
	if err != nil {
		return nil, errors.Join(ErrConfiguration, err)
	}
	a.closers.add("provider client", func() error { client.Close(); return nil })
	return client, nil
}

// writers is how many transactions may write at once: SQLite has one writer, PostgreSQL gains from two.
func (a *App) writers() int {
	if engine, _ := a.Config.Database(); engine == "sqlite" {
		return 1
	}
	return 2
}

// cache is nil when it is switched off, and without Redis, since nobody else could read what this process keeps. A nil
// *state.State must not become a non-nil interface.
func (a *App) cache(shared *state.State) syncer.Cache {
	if !a.Config.CacheEnabled || shared.InProcess() {
		return nil
	}
	return shared
}

// leases gives the engine leases without their tokens.
type leases struct{ shared *state.State }

// Acquire takes a lease and keeps it alive until it is given back.
func (l leases) Acquire(ctx context.Context, name string, ttl time.Duration) (func(), bool, error) {
	lease, err := l.shared.Acquire(ctx, name, ttl)
	if errors.Is(err, state.ErrHeld) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	lease.Keep(ctx)
	// A lease that cannot be given back runs out by itself.
	return func() { _ = lease.Release(context.WithoutCancel(ctx)) }, true, nil
}

// Request fills in what the configuration keeps where the request names nothing.
func (a *App) Request(r syncer.Request) syncer.Request {
	if len(r.Instruments) == 0 {
		r.Instruments = a.instruments
	}
	if len(r.Timeframes) == 0 {
		r.Timeframes = a.timeframes
	}
	r.Maintenance = r.Maintenance || a.Config.SyncMode == "maintenance"
	return r
}

// Close puts everything away, in reverse.
func (a *App) Close() error { return a.closers.closeAll(stopBound) }
