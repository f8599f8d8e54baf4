package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// checkBound is how long one check may take.
const checkBound = 5 * time.Second

// Database is the archive to check.
type Database struct {
	URL  string // as configured; empty for the embedded default
	Name string // without a password
	File string // path of an embedded archive; empty for a server
	// Mount tells where the file system of a path is mounted; empty when that is not known. Nil for never.
	Mount func(path string) string
	// MayOnlyRead tells whether an error of Schema.Writable says only that this user may not write there: a replica, or a role for
	// reading, can be asked by everything but the worker. Nil for never.
	MayOnlyRead func(error) bool
	// Open opens the archive without making or migrating it. The error wraps fs.ErrNotExist where an embedded archive is not
	// there yet.
	Open func(ctx context.Context) (archive Schema, closeIt func(), err error)
}

// Schema is an archive, open for reading.
type Schema interface {
	// SchemaVersion is the schema that it has, 0 for none yet, and the newest that this program knows.
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	// Writable tells whether a run could be stored; it writes nothing.
	Writable(ctx context.Context) error
}

// Redis is the Redis server to check; an empty URL for none.
type Redis struct {
	URL  string
	Name string // without a password
	// Open reads the URL and asks nobody. Ask then asks for an answer and reads one key.
	Open func(ctx context.Context) (ask func(context.Context) error, closeIt func(), err error)
}

func (s Setup) checkDatabase(ctx context.Context, env environment) []Finding {
	if s.unusable("DATABASE_URL") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	archive, closeIt, err := s.Database.Open(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.Database.File != "":
		return []Finding{s.checkAbsent(env)}
	case err != nil:
		return []Finding{broken("database", err,
			env.remedy(s, postgresService(), s.Database.URL, "postgres://user:password@postgres:5432/barkeep"))}
	}
	defer closeIt()
	current, latest, err := archive.SchemaVersion(ctx)
	switch {
	case err != nil:
		return []Finding{broken("database", err, "see that the user may read it")}
	case current > 0:
		// Without tables nothing can be asked for a write.
		if err := archive.Writable(ctx); err != nil {
			return []Finding{s.unwritable(err)}
		}
	}
	if current > latest {
		return []Finding{{
			"database", Warning, fmt.Sprintf("%s, schema %d, newer than this program's %d", s.Database.Name, current, latest),
			"nothing after going back one release, which runs on the next one's schema; else upgrade Barkeep",
		}}
	}
	finding := ok("database", fmt.Sprintf("%s, schema %d", s.Database.Name, current))
	if current < latest {
		finding.Detail += fmt.Sprintf(", will be migrated to %d", latest)
	}
	return []Finding{s.checkVolume(finding, env)}
}

// unwritable is an archive that takes no writes: broken for the worker, and enough for those who look.
func (s Setup) unwritable(err error) Finding {
	finding := broken("database", err, "let the worker write there; status, runs and verify need no right to")
	if s.Database.MayOnlyRead != nil && s.Database.MayOnlyRead(err) {
		finding.State = Warning
	}
	return finding
}

// checkAbsent checks an embedded archive that is not there yet: whether it could be made. It makes a file of another name in
// the folder and removes it at once, since nothing but a write tells whether one may write.
func (s Setup) checkAbsent(env environment) Finding {
	folder, err := existingFolder(s.Database.File)
	if err == nil {
		err = tryWriting(folder)
	}
	if err != nil {
		return broken("database", fmt.Errorf("%s is not there, and cannot be made: %w", s.Database.Name, err),
			"give a path in DATABASE_URL or DATA_DIR where this user may write")
	}
	return s.checkVolume(ok("database", s.Database.Name+", not there yet: the first sync makes it"), env)
}

// existingFolder is the innermost folder above a path that is there.
func existingFolder(path string) (string, error) {
	folder, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		folder = filepath.Dir(folder)
		info, err := os.Stat(folder)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no folder", folder)
		case err == nil:
			return folder, nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(folder) == folder:
			return "", err
		}
	}
}

func tryWriting(folder string) error {
	f, err := os.CreateTemp(folder, ".barkeep-doctor-*")
	if err != nil {
		var reason *fs.PathError
		if errors.As(err, &reason) {
			err = reason.Err // the name of the file tried says nothing
		}
		return fmt.Errorf("nothing can be made in %s: %w", folder, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// checkVolume warns of an embedded archive in a container that no volume holds.
func (s Setup) checkVolume(finding Finding, env environment) Finding {
	// What lies in the container's own layers goes with it.
	if s.Database.File != "" && env.container && s.Database.Mount != nil && s.Database.Mount(s.Database.File) == "/" {
		finding.State, finding.Detail = Warning, finding.Detail+", on no volume: it goes with the container"
		finding.Remedy = "mount a volume where DATA_DIR is, such as -v barkeep-data:/data"
	}
	return finding
}

func (s Setup) checkRedis(ctx context.Context, env environment) []Finding {
	switch {
	case s.unusable("REDIS_URL"):
		return nil
	case s.Redis.URL == "":
		return []Finding{ok("redis", "not used: the database keeps leases and the budget, the ledger decides")}
	}
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	ask, closeIt, err := s.Redis.Open(ctx)
	if err != nil {
		return []Finding{broken("redis", err, "correct REDIS_URL, or unset it")}
	}
	defer closeIt()
	if err := ask(ctx); err != nil {
		remedy := env.remedy(s, redisService(), s.Redis.URL, "redis://redis:6379/0") + "; or unset it, and go on without Redis"
		return []Finding{broken("redis", err, remedy)}
	}
	return []Finding{ok("redis", s.Redis.Name)}
}
