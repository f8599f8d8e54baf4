package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/query"
	"barkeep/scheduler"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/chart"
	"barkeep/server/udf"
	"barkeep/server/view"
	"barkeep/store"
	"barkeep/store/sqlite"
	"barkeep/tasks"
	"barkeep/web"
	"barkeep/yahoo"
)

// Serve runs the worker, schedule and HTTP together, until ctx ends or serving fails. It returns when everything it started
// has ended, within about ten seconds of ctx.
func (a *App) Serve(ctx context.Context, version string, o Options) error {
	cron, err := scheduler.NewCron(o.Now)
	if err != nil {
		return err
	}
	var planner *scheduler.Scheduler
	if a.clock.May(ctx) == nil {
		if planner, err = a.planner(ctx, cron, o); err != nil {
			return errors.Join(err, closeCron(ctx, cron))
		}
	}
	beside := tasks.New(context.WithoutCancel(ctx)) // it is stopped below, after the log has said why
	defer beside.Stop()
	http, err := a.openServer(version, o, beside) //nolint:contextcheck // its tasks end when the server is stopped
	if err != nil {
		return errors.Join(err, closeCron(ctx, cron))
	}
	if err := http.Start(ctx); err != nil {
		return config.Unusable(errors.Join(err, closeCron(ctx, cron)))
	}
	a.announce(ctx, o)
	if o.Serving != nil {
		o.Serving(http.URL())
	}
	beside.Start(func(ctx context.Context) { tasks.Every(ctx, watchEvery, a.clock.Look) }) // it sends no request to the provider
	beside.Start(func(ctx context.Context) {
		if planner == nil {
			planner = a.planLater(ctx, cron, o)
		}
		if planner != nil {
			planner.Run(ctx)
		}
	})
	return errors.Join(serveUntil(ctx, o.Logger, http, beside), closeCron(ctx, cron))
}

// planner makes the scheduler. The schedules come into force.
func (a *App) planner(ctx context.Context, cron *scheduler.Cron, o Options) (*scheduler.Scheduler, error) {
	plans, err := a.plans(ctx, o)
	if err != nil {
		return nil, err
	}
	return scheduler.New(scheduler.Config{
		RunSlot: a.scheduled, Slots: a.Archive, Plans: plans, Kept: a.kept, Trigger: cron, Notices: a.notices, May: a.trustClock,
		Now: o.Now, Logger: o.Logger,
	})
}

// planLater makes the scheduler once the clock is right: by a wrong one no schedule can come into force. It is nil when ctx ends
// first.
func (a *App) planLater(ctx context.Context, cron *scheduler.Cron, o Options) *scheduler.Scheduler {
	for tasks.Sleep(ctx, watchEvery) == nil {
		if a.clock.May(ctx) != nil {
			continue
		}
		planner, err := a.planner(ctx, cron, o)
		if err == nil {
			o.Logger.InfoContext(ctx, "the clock is right now, the schedule begins")
			return planner
		}
		o.Logger.ErrorContext(ctx, "the schedule cannot begin", "error", err)
	}
	return nil
}

// plans are what is run when. The schedules come into force.
func (a *App) plans(ctx context.Context, o Options) ([]scheduler.Plan, error) {
	imports, err := a.begin(ctx, a.imports, o)
	if err != nil {
		return nil, err
	}
	imports.CatchUp, a.imports = a.Config.CatchUpWindow, imports.Schedule
	if a.maintenance.Len() == 0 {
		return []scheduler.Plan{imports}, nil
	}
	maintenance, err := a.begin(ctx, a.maintenance, o)
	a.maintenance = maintenance.Schedule
	return []scheduler.Plan{imports, maintenance}, err
}

// scheduled runs a slot for the scheduler.
func (a *App) scheduled(ctx context.Context, slot ledger.Slot, entry string) (ledger.Run, error) {
	result, err := a.Gate.RunSlot(ctx, slot, gate.SlotRequest{Entry: entry, Join: true})
	return result.Run, err
}

// serveUntil waits until ctx ends or serving fails, and stops what runs beside the web server, and the server itself.
func serveUntil(ctx context.Context, log *slog.Logger, http *server.Server, beside *tasks.Group) error {
	var failure error
	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "stopping", "why", context.Cause(ctx))
	case failure = <-http.Failed():
	}
	beside.Stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBound)
	defer cancel()
	failure = errors.Join(failure, http.Stop(last))
	beside.Wait(context.WithoutCancel(ctx))
	return failure
}

// closeCron stops gocron, also when ctx has ended.
func closeCron(ctx context.Context, cron *scheduler.Cron) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBound/4)
	defer cancel()
	return cron.Close(ctx)
}

// announce logs what will run when, in both zones, so that a wrong clock is seen at once.
func (a *App) announce(ctx context.Context, o Options) {
	next, _ := a.imports.Next(o.Now())
	o.Logger.InfoContext(ctx, "schedule",
		"import", a.imports.String(), "maintenance", a.maintenance.String(), "next", next,
		"next_local", next.Local().Format("2006-01-02 15:04 MST"), "next_utc", next.At.Format(time.RFC3339))
}

// openServer builds the HTTP server with its API; it listens nowhere yet.
func (a *App) openServer(version string, o Options, beside *tasks.Group) (*server.Server, error) {
	http, err := server.New(server.Config{
		Addr: a.Config.HTTPAddr, Hosts: a.hosts(), Version: version, Mode: a.Config.SyncMode, Token: a.Config.APIToken,
		ReadToken: a.Config.APIReadToken,
		Import:    a.imports, Maintenance: a.maintenance, Kept: a.kept, Instruments: a.instruments, Pacific: a.pacific,
		Ledger: a.Archive, States: a.Archive.States, Calendars: a.Archive,
		Clock:    func() *view.Clock { return viewClock(a.clock.Judge()) },
		Held:     a.heldBack,
		Disk:     a.disk,
		Coverage: a.Archive,
		Provider: a.providerState, Metrics: a.metrics, Now: o.Now, Logger: o.Logger, Checks: a.probes(),
	})
	if err != nil {
		return nil, err
	}
	reader, err := query.New(query.Config{
		Bars: a.Archive, Cache: a.cache(), Truth: a.Archive, Stills: a.Archive, Capabilities: yahoo.Capabilities(),
		Resolve: yahoo.Resolve, Now: o.Now, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	err = chart.Mount(http, chart.Config{Reader: reader, Archive: a.Archive, Resolve: yahoo.Resolve, Symbol: yahoo.Symbol})
	if err != nil {
		return nil, err
	}
	err = udf.Mount(http, udf.Config{Reader: reader, Resolve: yahoo.Resolve, Symbol: yahoo.Symbol, Origins: a.Config.CORSOrigins})
	if err != nil {
		return nil, err
	}
	if err := web.Mount(http); err != nil {
		return nil, err
	}
	return http, api.Mount(http, api.Config{
		Reader: reader, Instruments: a.instruments, Resolve: yahoo.Resolve, Symbol: yahoo.Symbol, Calendars: a.Archive, Past: a.Archive,
		Serves: yahoo.Capabilities(),
		Hand:   hand{a},
		Starter: &api.Background{
			Ledger: a.Archive, Kept: a.kept, Tasks: beside, Logger: o.Logger,
			Run: a.runRequest, Name: a.requestName,
		},
	})
}

// hosts are the names by which the server is asked for: those of HTTP_HOSTS, and that of PUBLIC_URL.
func (a *App) hosts() []string {
	hosts := slices.Clone(a.Config.HTTPHosts)
	if u, err := url.Parse(a.Config.PublicURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, u.Hostname())
	}
	return hosts
}

// probes are what /readyz and /status look at.
func (a *App) probes() []server.Check {
	checks := []server.Check{
		{Name: "database", Needed: true, Probe: a.probeArchive},
		{Name: "clock", Needed: true, Probe: a.probeClock},
	}
	if a.redis != nil {
		checks = append(checks, server.Check{Name: "redis", Probe: a.redis.Ping})
	}
	return append(checks, server.Check{Name: "provider", Probe: a.probeProvider})
}

// disk is how much room an embedded archive has; nil for another one.
func (a *App) disk() *view.Disk {
	file, embedded := a.Archive.(*sqlite.Archive)
	if !embedded {
		return nil
	}
	free, total, ok := file.Room()
	if !ok {
		return nil
	}
	return &view.Disk{Free: free, Total: total}
}

// probeArchive asks whether a run could be stored. Clients are told the kind of a fault, the log all of it.
func (a *App) probeArchive(ctx context.Context) error {
	err := a.Archive.Writable(ctx)
	var fault *store.Fault
	if errors.As(err, &fault) {
		return fmt.Errorf("%w: %w", server.Public("the archive takes no writes: "+fault.Kind.Error()), err)
	}
	return err
}

// providerState tells how this process stands with the provider; it sends no request.
func (a *App) providerState(ctx context.Context) (server.ProviderState, error) {
	s := server.ProviderState{
		Health: a.client.Health(), PerMinute: a.Config.YahooRequestsPerMinute, Daily: a.Config.YahooDailyBudget, Left: -1,
	}
	if left, err := a.budget.Remaining(ctx); err == nil {
		s.Left = left
	}
	return s, nil
}

// probeProvider says what the newest requests have shown, since asking the provider would cost budget.
func (a *App) probeProvider(context.Context) error {
	s := a.client.Health()
	since := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case s.Fault != "" && s.Breaker == "closed":
		return server.Public(fmt.Sprintf("%s, at %s; %s", s.Fault, since(s.FaultAt), s.Remedy))
	case s.Fault != "":
		return server.Public(fmt.Sprintf("%s; the circuit breaker is %s since %s; %s", s.Fault, s.Breaker, since(s.Since), s.Remedy))
	case s.Breaker != "closed":
		return server.Public(fmt.Sprintf("the circuit breaker is %s since %s", s.Breaker, since(s.Since)))
	}
	return nil
}

// ProviderFault is what keeps this process from getting anything from the provider, in plain words, and what to do about it;
// empty where it was answered, or was not asked.
func (a *App) ProviderFault() (fault, remedy string) {
	s := a.client.Health()
	return a.secrets.Text(s.Fault), s.Remedy
}
