package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Redis is a throwaway Redis server.
type Redis struct{ *server }

// StartRedis starts a Redis server in a temporary folder, on 127.0.0.1 and without a password. It never takes snapshots; with
// Options.Durable it appends every write to its log. Close must be called. The error wraps ErrMissing where Redis is not
// installed.
func StartRedis(ctx context.Context, options Options) (*Redis, error) {
	program, err := FindRedis(ctx)
	if err != nil {
		return nil, err
	}
	p := redisPlan(program, options)
	if program == Docker {
		p = redisContainer(options)
	}
	s, err := startServer(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	return &Redis{s}, nil
}

// URL returns the address of database 0.
func (r *Redis) URL() string { return "redis://" + address(r.Port()) + "/0" }

// Pause stops the server in the middle of whatever it does, with SIGSTOP: connections stay and nothing is answered. Of a
// container it would stop the docker command alone.
func (r *Redis) Pause() error { return r.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (r *Redis) Resume() error { return r.signal(syscall.SIGCONT) }

func (r *Redis) signal(signal syscall.Signal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process == nil {
		return fmt.Errorf("send %v to redis: it does not run", signal)
	}
	if err := r.process.command.Process.Signal(signal); err != nil {
		return fmt.Errorf("send %v to redis: %w", signal, err)
	}
	return nil
}

func redisPlan(program string, options Options) plan {
	settings := redisSettings(options)
	return plan{
		name: "redis", fast: syscall.SIGTERM, instant: syscall.SIGKILL, ready: redisReady,
		command: func(port int, dir string) []string {
			own := []string{program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir}
			return append(own, settings...)
		},
	}
}

// redisSettings are the arguments that installed servers and containers share.
func redisSettings(options Options) []string {
	settings := map[string]string{"save": "", "appendonly": "no"}
	if options.Durable {
		settings["appendonly"], settings["appendfsync"] = "yes", "always"
	}
	maps.Copy(settings, options.Settings)
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "--"+name, settings[name])
	}
	return arguments
}

// redisReady asks the server for its folder: another server may have taken the port in between.
func redisReady(ctx context.Context, port int, dir string) error {
	if err := redisAnswers(ctx, port, dir); err != nil {
		return err
	}
	answer, err := askRedis(ctx, port, "CONFIG GET dir", 5)
	if err != nil {
		return err
	}
	if !slices.Contains(answer, dir) {
		return fmt.Errorf("port %d belongs to the Redis that answers %q", port, answer)
	}
	return nil
}

// redisAnswers tells whether a Redis that has loaded its data is behind the port.
func redisAnswers(ctx context.Context, port int, _ string) error {
	answer, err := askRedis(ctx, port, "PING", 1)
	if err != nil {
		return err
	}
	if answer[0] != "+PONG" {
		return fmt.Errorf("Redis answers %q", answer[0])
	}
	return nil
}

// askRedis sends one command in the inline form of the Redis protocol, and reads that many lines of the answer.
func askRedis(ctx context.Context, port int, command string, lines int) (answer []string, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address(port))
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return nil, fmt.Errorf("send %s to Redis: %w", command, err)
	}
	reader := bufio.NewReader(conn)
	for range lines {
		line, err := reader.ReadString('\n')
		if err != nil {
			return answer, fmt.Errorf("read what Redis answers to %s: %w", command, err)
		}
		answer = append(answer, strings.TrimRight(line, "\r\n"))
	}
	return answer, nil
}
