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
	prepare := func(dir string) error { return initialise(ctx, user, folder, dir) }
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
		command: func(port int, dir string) []string {
			program := filepath.Join(folder, "postgres")
			return append([]string{
				program, "-D", dataFolder(dir), "-p", strconv.Itoa(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
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

// initialise makes the cluster.
func initialise(ctx context.Context, user account, folder, dir string) error {
	command := exec.Command(filepath.Join(folder, "initdb"), //nolint:noctx // run waits for it under the context
		"-D", dataFolder(dir), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	var out tail
	command.Dir, command.Stdout, command.Stderr = dir, &out, &out
	command.SysProcAttr = attributes(user, syscall.SIGKILL)
	if err := run(ctx, command); err != nil {
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
