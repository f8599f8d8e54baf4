package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing says that a server is not installed; errors that wrap it name the server and how to get it.
var ErrMissing = errors.New("not installed")

const (
	// EnvPostgres names the environment variable with the folder of initdb and postgres, or the word docker.
	EnvPostgres = "BARKEEP_TEST_PG_BIN"
	// EnvRedis names the environment variable with the path of redis-server, or the word docker.
	EnvRedis = "BARKEEP_TEST_REDIS_BIN"
	// Docker is the value of EnvPostgres and EnvRedis that asks for a container in place of an installed server.
	Docker = "docker"
)

// FindPostgres returns the folder that InstalledPostgres finds. It returns Docker when EnvPostgres asks for it, or when
// nothing is installed and Docker answers. The error wraps ErrMissing.
func FindPostgres(ctx context.Context) (string, error) {
	return orDocker(ctx, EnvPostgres, InstalledPostgres)
}

// FindRedis returns the path that InstalledRedis finds. It returns Docker when EnvRedis asks for it, or when nothing is
// installed and Docker answers. The error wraps ErrMissing.
func FindRedis(ctx context.Context) (string, error) {
	return orDocker(ctx, EnvRedis, InstalledRedis)
}

func orDocker(ctx context.Context, env string, installed func(context.Context) (string, error)) (string, error) {
	set := os.Getenv(env)
	if set == Docker {
		return Docker, nil
	}
	path, err := installed(ctx)
	if err == nil || set != "" || !DockerWorks(ctx) {
		return path, err
	}
	return Docker, nil
}

// InstalledPostgres returns the folder that holds a working initdb and postgres: that of EnvPostgres where it is set, else of
// PATH, of Debian (newest version first), of a build from source or of Homebrew. The error wraps ErrMissing.
func InstalledPostgres(ctx context.Context) (string, error) {
	folders := postgresFolders()
	if set := os.Getenv(EnvPostgres); set != "" {
		folders = []string{set}
	}
	for _, folder := range folders {
		if works(ctx, filepath.Join(folder, "initdb")) && works(ctx, filepath.Join(folder, "postgres")) {
			return folder, nil
		}
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("look for PostgreSQL in %q: %w", folders, context.Cause(ctx))
	}
	return "", fmt.Errorf("PostgreSQL is %w in %q: install it (Debian: apt-get install postgresql; macOS: brew install "+
		"postgresql), set %s to the folder of initdb and postgres, or start Docker", ErrMissing, folders, EnvPostgres)
}

// InstalledRedis returns the path of a working redis-server: that of EnvRedis where it is set, else of PATH, else of
// Homebrew. The error wraps ErrMissing.
func InstalledRedis(ctx context.Context) (string, error) {
	names := []string{"redis-server", "/opt/homebrew/bin/redis-server", "/usr/local/bin/redis-server"}
	if set := os.Getenv(EnvRedis); set != "" {
		names = []string{set}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil && works(ctx, path) {
			return path, nil
		}
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("look for Redis as %q: %w", names, context.Cause(ctx))
	}
	return "", fmt.Errorf("Redis is %w as %q: install it (Debian: apt-get install redis-server; macOS: brew install redis), "+
		"set %s to the path of redis-server, or start Docker", ErrMissing, names, EnvRedis)
}

// postgresFolders lists where the programs of PostgreSQL may be, best first.
func postgresFolders() []string {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		found, _ := filepath.Glob(pattern) // fails on a bad pattern only, and these are constant
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		folders = append(folders, found...)
	}
	return folders
}

// version reads the number in the folder above bin: 15 of /usr/lib/postgresql/15/bin, 0 where there is none.
func version(folder string) int {
	name := filepath.Base(filepath.Dir(folder))
	digits := strings.TrimFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.Atoi(digits) // no digits give 0, which sorts last
	return n
}

// works tells whether the program runs at all; a wrapper whose program was removed does not.
func works(ctx context.Context, program string) bool {
	return exec.CommandContext(ctx, program, "--version").Run() == nil
}
