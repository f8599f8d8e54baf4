package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barkeep/clock"
	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/notify"
	"barkeep/server"
	"barkeep/store"
	"barkeep/store/failover"
	"barkeep/store/redis"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// stopBound is how long closing everything may take.
const stopBound = 8 * time.Second

// Options are what a process adds to the configuration.
type Options struct {
	Now    func() time.Time
	Logger *slog.Logger
	Watch  func(ledger.Event) // nil: nobody watches the runs
	// Serving is told the URL at which Serve answers, once it does; nil for nobody.
	Serving func(url string)
	// Released is when this program was released, before which no clock that is right can be; zero when that is not known.
	Released time.Time
}

// App is a wired Barkeep. Close it.
type App struct {
	Config  config.Config
	Archive Archive
	Engine  *syncer.Engine
	Gate    *gate.Gate // the one way to run anything, whoever asks

	secrets     *config.Redactor // for whatever people read
	pacific     *time.Location
	instruments []market.Instrument
	timeframes  []market.Timeframe
	imports     ledger.Schedule
	maintenance ledger.Schedule // the zero Schedule for none
	kept        ledger.Kept     // every series of instruments and timeframes, and what they derive from
	redis       *redis.Client   // nil without one
	shared      *failover.Shared
	budget      *failover.Budget
	client      *yahoo.Client
	clock       *clock.Watch
	notices     *notify.Dispatcher
	metrics     *server.Metrics
	closers     closers
}

// New opens everything that the configuration names: the archive, migrated to the newest schema, Redis, the provider's client
// and the engine. A Redis that does not answer is logged and costs speed only.
func New(ctx context.Context, c config.Config, o Options) (*App, error) {
	a := &App{Config: c, secrets: config.NewRedactor(c), metrics: server.NewMetrics()}
	if err := a.open(ctx, o); err != nil {
		return nil, errors.Join(err, a.Close()) //nolint:contextcheck // closing has a bound of its own
	}
	return a, nil
}

func (a *App) open(ctx context.Context, o Options) error {
	var err error
	a.instruments, a.timeframes, err = yahoo.Select(a.Config.Instruments, a.Config.Timeframes, "INSTRUMENTS", "TIMEFRAMES")
	var wrong error
	if a.imports, a.maintenance, wrong = Schedules(a.Config); errors.Join(err, wrong) != nil {
		return config.Unusable(errors.Join(err, wrong)) // all that is wrong at once
	}
	a.kept = syncer.Kept(yahoo.Capabilities(), a.instruments, a.timeframes)
	if a.pacific, err = time.LoadLocation("America/Los_Angeles"); err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	for _, step := range []func() error{
		func() error { return a.openArchive(ctx, o) },
		func() error { return a.openNotices(o) }, //nolint:contextcheck // closing has a bound of its own
		func() error { return a.openClock(ctx, o) },
		func() error { return a.readPast(ctx, o) },
		func() error { return a.openShared(ctx, o) },
		func() error { return a.openProvider(o) },
		func() error { return a.openEngine(o) },
		func() error { return a.openGate(o) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// seriesLease is how long the series of a process that died are left to it; no longer than its run.
const seriesLease = 30 * time.Second

func (a *App) openEngine(o Options) (err error) {
	a.Engine, err = syncer.New(syncer.Config{
		Provider: punctual{thrifty{a.client}, a.clock}, Capabilities: yahoo.Capabilities(), Archive: a.Archive,
		Cache: a.cache(), Leases: a.shared,
		Now: o.Now, Over: a.clock.Over, Logger: o.Logger, Pacific: a.pacific, Writers: a.writers(),
		LeaseTime: min(seriesLease, a.Config.RunLease),
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

// openShared opens Redis, where there is one, and what is kept there or in the database.
func (a *App) openShared(ctx context.Context, o Options) (err error) {
	shared := failover.Config{Database: a.Archive, Now: machineClock, Logger: o.Logger}
	if a.Config.RedisURL != "" {
		if a.redis, err = redis.Open(ctx, redis.Config{URL: a.Config.RedisURL, Now: o.Now, Logger: o.Logger}); err != nil {
			return config.Unusable(fmt.Errorf("REDIS_URL: %w", err))
		}
		a.closers.add("redis", a.redis.Close)
		shared.Redis = a.redis
	}
	a.shared, err = failover.New(shared)
	return err
}

// budgetName is what the requests to the provider are counted under.
const budgetName = "yahoo"

func (a *App) openProvider(o Options) (err error) {
	limits := store.Limits{PerMinute: a.Config.YahooRequestsPerMinute, PerDay: a.Config.YahooDailyBudget}
	if a.budget, err = a.shared.Budget(budgetName, limits); err != nil {
		return config.Unusable(err)
	}
	c := clientOf(a.Config, o)
	c.Budget, c.Limits, c.Symbols = a.budget, a.Archive, max(1, len(a.instruments))
	c.Over, c.Dated = a.clock.Over, a.dated()
	if a.client, err = yahoo.New(c); err != nil {
		return config.Unusable(err)
	}
	a.closers.add("provider client", func() error { a.client.Close(); return nil })
	return nil
}

// clientOf is what the configuration says of the provider's client.
func clientOf(c config.Config, o Options) yahoo.Config {
	client := yahoo.Config{
		UserAgent: c.YahooUserAgent, RequestsPerMinute: c.YahooRequestsPerMinute, Now: o.Now, Logger: o.Logger,
	}
	if c.YahooBaseURL != "" {
		client.BaseURLs = []string{c.YahooBaseURL}
	}
	return client
}

// writers is how many transactions may write at once: SQLite has one writer, PostgreSQL gains from two.
func (a *App) writers() int {
	if engine, _ := a.Config.Database(); engine == "sqlite" {
		return 1
	}
	return 2
}

// cache is nil when it is switched off, and without Redis. A nil *redis.Client must not become a non-nil interface.
func (a *App) cache() store.Cache {
	if !a.Config.CacheEnabled || a.redis == nil {
		return nil
	}
	return a.redis
}

// Request fills in what the configuration keeps where the request names nothing.
func (a *App) Request(r syncer.Request) syncer.Request {
	if len(r.Instruments) == 0 {
		r.Instruments = a.instruments
	}
	if len(r.Timeframes) == 0 {
		r.Timeframes = a.timeframes
	}
	r.Heal = a.healing()
	r.Maintenance = r.Maintenance || (a.Config.SyncMode == "maintenance" && !r.Backfill)
	return r
}

// Close puts everything away, in reverse.
func (a *App) Close() error { return a.closers.closeAll(stopBound) }
