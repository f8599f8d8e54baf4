package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"barkeep/clock"
	"barkeep/config"
	"barkeep/doctor"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/store/redis"
	"barkeep/store/sqlite"
	"barkeep/yahoo"
)

// Doctor checks everything that the worker needs and reports all of it, also what is wrong besides the problems that reading
// the configuration found. It changes nothing, and no finding shows a secret.
//
// With ask it sends the provider one request, which counts for the budget.
func Doctor(
	ctx context.Context, c config.Config, problems config.Problems, o Options, environ []string, ask bool,
) []doctor.Finding {
	s := doctor.Setup{
		Environ: environ, Now: o.Now(), Problems: problems, Overrides: c.Overrides, Redact: config.Redact, NoCache: !c.CacheEnabled,
		Database: doctor.Database{URL: c.DatabaseURL, Name: c.DatabaseName(), Open: databaseOf(c, o), MayOnlyRead: mayOnlyRead},
		Redis:    doctor.Redis{URL: c.RedisURL, Name: c.RedisName(), Open: redisOf(c, o)},
	}
	if engine, path := c.Database(); engine == "sqlite" {
		s.Database.File = path
		s.Database.Mount = func(path string) string { point, _ := sqlite.MountOf(path); return point }
	}
	instruments, timeframes, err := yahoo.Select(c.Instruments, c.Timeframes, "INSTRUMENTS", "TIMEFRAMES")
	s.Series = doctor.Series{Instruments: len(instruments), Timeframes: len(timeframes), Err: err}
	quiet := o
	quiet.Logger = slog.New(slog.DiscardHandler) // what is wrong with the archive is a finding of its own
	if settled, err := Calendars(ctx, c, quiet); err == nil {
		s.Contrary, instruments = settled.Contradictions(instruments, s.Now), settled.SettleAll(instruments)
	}
	s.Held = heldOf(ctx, c, quiet)
	s.Calendars = market.ByCalendar(instruments, s.Now)
	s.Schedule.Import, _, s.Schedule.Err = Schedules(c)
	s.Clock = func(ctx context.Context) doctor.Finding { return checkClock(ctx, c, problems, o) }
	if ask {
		s.Provider = func(ctx context.Context) (string, string, error) { return askProvider(ctx, c, quiet, instruments) }
	}
	s.Notices = noticesOf(ctx, c, problems)
	secrets := config.NewRedactor(c)
	findings := doctor.Run(ctx, s)
	for i := range findings {
		findings[i].Detail, findings[i].Remedy = secrets.Text(findings[i].Detail), secrets.Text(findings[i].Remedy)
	}
	return findings
}

// mayOnlyRead tells whether nothing is wrong with an archive but that this process may not write it.
func mayOnlyRead(err error) bool {
	return errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrDenied)
}

func databaseOf(c config.Config, o Options) func(context.Context) (doctor.Schema, func(), error) {
	return func(ctx context.Context) (doctor.Schema, func(), error) {
		return OpenExisting(ctx, c, o)
	}
}

func redisOf(c config.Config, o Options) func(context.Context) (func(context.Context) error, func(), error) {
	return func(ctx context.Context) (func(context.Context) error, func(), error) {
		shared, err := redis.Open(ctx, redis.Config{URL: c.RedisURL, Now: o.Now}) // no logger: what is wrong is a finding
		if err != nil {
			return nil, nil, err
		}
		ask := func(ctx context.Context) error {
			if err := shared.Ping(ctx); err != nil {
				return err
			}
			// A node of a cluster that was named as a single server answers a ping, but refuses this.
			_, err := shared.Remaining(ctx, "yahoo", store.Limits{PerMinute: 1, PerDay: 1})
			return err
		}
		return ask, func() { _ = shared.Close() }, nil // nothing was written
	}
}

// noticesOf makes what tells people as serve does, and puts it away again: it sends nothing.
func noticesOf(ctx context.Context, c config.Config, problems config.Problems) doctor.Notices {
	n := doctor.Notices{Places: len(c.NotifyURLs)}
	reported := func(key string) bool {
		return slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Key == key })
	}
	if len(c.NotifyURLs) > 0 && !reported("NOTIFY_URLS") {
		notifier, err := newNotifier(c) //nolint:contextcheck // what it sends outlives the one who asked
		if err == nil {
			err = notifier.Close(ctx)
		}
		n.Errs = append(n.Errs, err)
	}
	if c.HeartbeatURL != "" && !reported("HEARTBEAT_URL") {
		_, err := newPinger(c)
		n.Places, n.Errs = n.Places+1, append(n.Errs, err)
	}
	n.Errs = slices.DeleteFunc(n.Errs, func(err error) bool { return err == nil })
	return n
}

// checkClock holds the machine's clock against the archive's, if that can be opened: why it cannot is another finding.
func checkClock(ctx context.Context, c config.Config, problems config.Problems, o Options) doctor.Finding {
	var archive store.Clock
	if !slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Key == "DATABASE_URL" }) {
		if opened, closeIt, err := OpenExisting(ctx, c, o); err == nil {
			defer closeIt()
			archive = opened
		}
	}
	j := lookAt(ctx, c, archive, o)
	finding := doctor.Finding{Name: doctor.ClockCheck, State: doctor.OK, Detail: j.String(), Remedy: j.Remedy()}
	switch j.State {
	case clock.Warned:
		finding.State = doctor.Warning
	case clock.Stopped:
		finding.State = doctor.Broken
	}
	return finding
}

// heldOf reads what waits for a person; nothing where the archive cannot be read, which is another finding.
func heldOf(ctx context.Context, c config.Config, o Options) (held []doctor.Held) {
	archive, closeIt, err := OpenExisting(ctx, c, o)
	if err != nil {
		return nil
	}
	defer closeIt()
	all, err := archive.HeldBack(ctx)
	if err != nil {
		return nil
	}
	for _, h := range query.GroupHeld(all) {
		held = append(held, doctor.Held{Instrument: h.Instrument, Says: h.Text(), Command: h.Command()})
	}
	return held
}
