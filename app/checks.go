package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"barkeep/config"
	"barkeep/store"
	"barkeep/store/redis"
)

// checkBound is how long one check may take.
const checkBound = 5 * time.Second

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
	pacific, wrong := time.LoadLocation("America/Los_Angeles")
	if err = errors.Join(err, wrong); err != nil {
		return []Finding{broken("schedule", err, "give times such as 14:05 and a zone such as America/Los_Angeles")}
	}
	_, next := imports.Next(now)
	here := now.Local().Format("MST") //nolint:gosmopolitan // it is what is shown
	finding := found("schedule", fmt.Sprintf("%s; next at %s = %s; this machine's zone, %s, does not matter", imports,
		next.Format("2006-01-02 15:04 MST"), next.UTC().Format("15:04 UTC"), here))
	// London's times are London's in winter too; UTC, GMT and Etc/UTC are what a container's zone is called.
	zone := strings.TrimPrefix(c.ImportTimezone, "Etc/")
	if name, offset := next.Zone(); offset == 0 && !strings.Contains(zone, "/") {
		finding.State = FindingWarn
		finding.Remedy = fmt.Sprintf("the times are read as %s, so that %s is %s in California: "+
			"unset IMPORT_TIMEZONE to import at Pacific times", name, next.Format("15:04"), next.In(pacific).Format("15:04"))
	}
	return []Finding{finding}
}

func checkArchive(ctx context.Context, c config.Config, o Options, at surroundings) []Finding {
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	archive, closeArchive, err := OpenArchive(ctx, c, o.Now, o.Logger)
	if err != nil {
		return []Finding{broken("database", err,
			at.elsewhere(c, postgresService(), "postgres://user:password@postgres:5432/barkeep"))}
	}
	defer closeArchive()
	current, latest, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return []Finding{broken("database", err, "see that the user may read it")}
	case current > latest:
		return []Finding{{
			"database", FindingWarn, fmt.Sprintf("%s, schema %d, newer than this program's %d", c.DatabaseName(), current, latest),
			"nothing after going back one release, which runs on the next one's schema; else upgrade Barkeep",
		}}
	}
	good := found("database", fmt.Sprintf("%s, schema %d", c.DatabaseName(), current))
	if current < latest {
		good.Detail += fmt.Sprintf(", will be migrated to %d", latest)
	}
	if engine, path := c.Database(); engine == "sqlite" && at.onImage(path) {
		good.State, good.Detail = FindingWarn, good.Detail+", on no volume: it goes with the container"
		good.Remedy = "mount a volume where DATA_DIR is, such as -v barkeep-data:/data"
	}
	return []Finding{good}
}

func checkRedis(ctx context.Context, c config.Config, o Options, at surroundings) []Finding {
	if c.RedisURL == "" {
		return []Finding{found("redis", "not used: the database keeps leases and the budget, the ledger decides")}
	}
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	shared, err := redis.Open(ctx, redis.Config{URL: c.RedisURL, Now: o.Now}) // no logger: what is wrong is a finding
	if err != nil {
		return []Finding{broken("redis", err, "correct REDIS_URL, or unset it")}
	}
	defer shared.Close() //nolint:errcheck // nothing was written
	err = shared.Ping(ctx)
	if err == nil {
		err = askOneKey(ctx, shared)
	}
	if err != nil {
		remedy := at.elsewhere(c, redisService(), "redis://redis:6379/0") + "; or unset it, and go on without Redis"
		return []Finding{broken("redis", err, remedy)}
	}
	return []Finding{found("redis", c.RedisName())}
}

// askOneKey reads something, which a node of a cluster that was named as a single server refuses though it answers a ping.
func askOneKey(ctx context.Context, shared *redis.Client) error {
	_, err := shared.Remaining(ctx, "yahoo", store.Limits{PerMinute: 1, PerDay: 1})
	return err
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
