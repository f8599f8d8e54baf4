package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Postgres is a throwaway PostgreSQL server.
type Postgres struct{ *server }

// StartPostgres makes a PostgreSQL cluster in a temporary folder and starts it: UTF-8, locale C, 200 connections, no passwords,
// TCP on 127.0.0.1 alone. Close must be called. The error wraps ErrMissing where PostgreSQL is not installed.
func StartPostgres(ctx context.Context, options Options) (*Postgres, error) {
	folder, err := FindPostgres(ctx)
	if err != nil {
		return nil, err
	}
	if folder == Docker {
		return wrapPostgres(startServer(ctx, postgresContainer(options), nil))
	}
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	prepare := func(dir string, watch func(int) error) error { return initialise(ctx, user, folder, dir, watch) }
	return wrapPostgres(startServer(ctx, postgresPlan(folder, user, options), prepare))
}

func wrapPostgres(s *server, err error) (*Postgres, error) {
	if err != nil {
		return nil, err
	}
	return &Postgres{s}, nil
}

// URL returns the address of the database postgres, as its superuser.
func (p *Postgres) URL() string { return postgresURL(p.Port()) }

func postgresURL(port int) string {
	return "postgres://postgres@" + address(port) + "/postgres?sslmode=disable"
}

func postgresPlan(folder string, user account, options Options) plan {
	settings := postgresSettings(options)
	return plan{
		name: "postgres", user: user, fast: syscall.SIGINT, instant: syscall.SIGQUIT, ready: postgresReady,
		last: []string{"/bin/sh", "-c", segmentScript, "barkeep-test-guard"},
		command: func(port int, dir string) []string {
			program := filepath.Join(folder, "postgres")
			return append([]string{
				program, "-D", dataFolder(dir), "-p", strconv.Itoa(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
				"-c", "dynamic_shared_memory_type=mmap", // files in the folder; a killed server leaves those of /dev/shm behind
			}, settings...)
		},
	}
}

// postgresSettings are the arguments that installed servers and containers share.
func postgresSettings(options Options) []string {
	settings := map[string]string{"max_connections": "200", "fsync": "off"}
	if options.Durable {
		settings["fsync"] = "on"
	}
	maps.Copy(settings, options.Settings)
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "-c", name+"="+settings[name])
	}
	return arguments
}

// segmentScript removes the System V segment of the PostgreSQL that was in the folder $1 and was killed: the server makes one
// under any setting, and names it in line 7 of postmaster.pid, which a server that ends by itself removes together with the
// segment. A segment that another process made is left alone: the kernel may have given the number to somebody else. Those that
// are still attached are gone once they are not.
const segmentScript = `
file=$1/data/postmaster.pid
[ -f "$file" ] || exit 0
number=0 server=none segment=none
while read -r first second _; do
	number=$((number + 1))
	case $number in
	1) server=${first#-} ;; # negative where initdb started it
	7) segment=$second ;;
	esac
done <"$file"
if [ ! -r /proc/sysvipc/shm ]; then # this kernel does not tell who made it
	ipcrm -m "$segment"
	exit
fi
while read -r _ id _ _ creator _; do
	[ "$id" != "$segment" ] || [ "$creator" != "$server" ] || ipcrm -m "$id"
done </proc/sysvipc/shm
`

// initialise makes the cluster. An initdb that has to end early is asked to: the server that it runs would leave shared memory
// behind if it were killed, and removes it when initdb ends.
func initialise(ctx context.Context, user account, folder, dir string, watch func(pid int) error) error {
	command := exec.Command(filepath.Join(folder, "initdb"), //nolint:noctx // run waits for it under the context
		"-D", dataFolder(dir), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	var out tail
	command.Dir, command.Stdout, command.Stderr = dir, &out, &out
	command.SysProcAttr = attributes(user, syscall.SIGTERM)
	if err := run(ctx, command, watch); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster in %s: %w: %s", dir, err, &out)
	}
	return nil
}

// postgresReady asks the server for its folder: another server may have taken the port in between.
func postgresReady(ctx context.Context, port int, dir string) error {
	var answer string
	if err := askPostgres(ctx, port, "SHOW data_directory", &answer); err != nil {
		return err
	}
	if answer != dataFolder(dir) {
		return fmt.Errorf("port %d belongs to the PostgreSQL in %s", port, answer)
	}
	return nil
}

// askPostgres scans the one value that a statement returns.
func askPostgres(ctx context.Context, port int, sql string, into any) (err error) {
	conn, err := pgx.Connect(ctx, postgresURL(port))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if err := conn.QueryRow(ctx, sql).Scan(into); err != nil {
		return fmt.Errorf("ask PostgreSQL %q: %w", sql, err)
	}
	return nil
}

func dataFolder(dir string) string { return filepath.Join(dir, "data") }
