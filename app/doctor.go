package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"barkeep/config"
	"barkeep/store/state"
)

// The states of a finding.
const (
	FindingOK     = "ok"
	FindingWarn   = "warning"
	FindingBroken = "broken"
)

// Finding is what one start-up check found, with what to do about it.
type Finding struct {
	Name   string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// Level is how loud a finding is in the log.
func (f Finding) Level() slog.Level {
	switch f.State {
	case FindingOK:
		return slog.LevelInfo
	case FindingWarn:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// Broken is the error of all findings without which the worker cannot do its job; nil when there are none.
func Broken(findings []Finding) error {
	var wrong []error
	for _, f := range findings {
		if f.State == FindingBroken {
			wrong = append(wrong, fmt.Errorf("%s: %s: %s", f.Name, f.Detail, f.Remedy))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.Join(ErrConfiguration, errors.Join(wrong...))
}

// checkBound is how long one check may take.
const checkBound = 5 * time.Second

// Doctor checks everything that the worker needs, and reports all of it: nothing is left for later because something else
// is broken. It changes nothing.
func Doctor(ctx context.Context, c config.Config, o Options, environ []string) []Finding {
	return slices.Concat(
		checkSelection(c), checkSchedule(c, o.Now()), checkArchive(ctx, c, o, inContainer(environ)),
		checkRedis(ctx, c, o, inContainer(environ)), checkCache(c),
	)
}

func found(name, detail string) Finding { return Finding{Name: name, State: FindingOK, Detail: detail} }

func broken(name string, err error, remedy string) Finding {
	detail := strings.TrimPrefix(err.Error(), ErrConfiguration.Error()+"\n")
	return Finding{Name: name, State: FindingBroken, Detail: detail, Remedy: remedy}
}

func checkSelection(c config.Config) []Finding {
	instruments, timeframes, err := selection(c)
	if err != nil {
		return []Finding{broken("series", err, "correct INSTRUMENTS or TIMEFRAMES")}
	}
	return []Finding{found("series", fmt.Sprintf("%d instruments, %d timeframes", len(instruments), len(timeframes)))}
}

// checkSchedule names the next import in its zone and in UTC: an import at 6:05 instead of 14:05 shows here.
func checkSchedule(c config.Config, now time.Time) []Finding {
	imports, _, err := schedules(c)
	if err != nil {
		return []Finding{broken("schedule", err, "give times such as 14:05 and a zone such as America/Los_Angeles")}
	}
	_, next := imports.Next(now)
	return []Finding{found("schedule", fmt.Sprintf("%s; next at %s = %s", imports, next.Format("2006-01-02 15:04 MST"),
		next.UTC().Format("15:04 UTC")))}
}

// inContainer tells whether this process runs in a container.
func inContainer(environ []string) bool {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return slices.ContainsFunc(environ, func(pair string) bool {
		return strings.HasPrefix(pair, "KUBERNETES_SERVICE_HOST=") || pair == "BARKEEP_CONTAINER=true"
	})
}

// elsewhere is the remedy for a server that does not answer. The usual mistake inside a container is a URL that says
// localhost, where that is the container itself.
func elsewhere(key, address, service string, container bool) string {
	if u, err := url.Parse(address); err == nil && container {
		if host := u.Hostname(); host == "localhost" || host == "127.0.0.1" || host == "::1" {
			return fmt.Sprintf("%s says %s inside a container, which is the container itself: use the service's name, such as %s",
				key, host, service)
		}
	}
	return "see that it runs and that " + key + " names it"
}

func checkArchive(ctx context.Context, c config.Config, o Options, container bool) []Finding {
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	archive, closeArchive, err := OpenArchive(ctx, c, o.Now, o.Logger)
	if err != nil {
		return []Finding{broken("database", err,
			elsewhere("DATABASE_URL", c.DatabaseURL, "postgres://user:password@postgres:5432/barkeep", container))}
	}
	defer closeArchive()
	current, latest, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return []Finding{broken("database", err, "see that the user may read it")}
	case current > latest:
		return []Finding{broken("database", fmt.Errorf("schema %d is newer than this program's %d", current, latest),
			"upgrade Barkeep")}
	case current < latest:
		return []Finding{found("database", fmt.Sprintf("%s, schema %d, will be migrated to %d", c.DatabaseName(), current, latest))}
	}
	return []Finding{found("database", fmt.Sprintf("%s, schema %d", c.DatabaseName(), current))}
}

func checkRedis(ctx context.Context, c config.Config, o Options, container bool) []Finding {
	if c.RedisURL == "" {
		return []Finding{found("redis", "not used: markers, leases and the budget are this process's own, the ledger decides")}
	}
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	shared, err := state.Open(ctx, state.Config{URL: c.RedisURL, Now: o.Now, Logger: o.Logger})
	if err != nil {
		return []Finding{broken("redis", err, "correct REDIS_URL, or unset it")}
	}
	defer shared.Close() //nolint:errcheck // nothing was written
	if err := shared.Ping(ctx); err != nil {
		return []Finding{broken("redis", err, elsewhere("REDIS_URL", c.RedisURL, "redis://redis:6379/0", container)+", or unset it")}
	}
	return []Finding{found("redis", c.RedisName())}
}

func checkCache(c config.Config) []Finding {
	if c.CacheEnabled {
		return nil
	}
	return []Finding{{
		"cache", FindingWarn, "CACHE_ENABLED is false: scripts find no newest bars in Redis",
		"set it to true, unless nobody reads them",
	}}
}
