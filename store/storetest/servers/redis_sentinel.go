package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// sentinelCount is the least number of which one may be lost: the others are a majority, and are the quorum.
	sentinelCount, sentinelQuorum = 3, 2
	// PrimaryName is the name under which the sentinels know the primary.
	PrimaryName = "barkeep-primary"
)

// RedisSentinel is a throwaway primary with a replica, and the sentinels that watch both.
type RedisSentinel struct {
	// Servers are the first primary and its replica.
	Servers []*Redis
	// Sentinels are the watchers; their URL method is of no use.
	Sentinels []*Redis
}

// StartRedisSentinel starts a primary, a replica and three sentinels of which two are the quorum, on 127.0.0.1. Once the
// primary has not answered for downAfter, the sentinels make the replica the primary. Close must be called. The error wraps
// ErrMissing where no redis-server is installed, also where Docker stands in for it: this set cannot run in containers.
func StartRedisSentinel(ctx context.Context, downAfter time.Duration, options Options) (*RedisSentinel, error) {
	program, err := installedForSet(ctx, "a set of Redis Sentinel")
	if err != nil {
		return nil, err
	}
	s := &RedisSentinel{}
	if err := s.start(ctx, program, downAfter, options); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start starts the servers one by one and waits until all know each other.
func (s *RedisSentinel) start(ctx context.Context, program string, downAfter time.Duration, options Options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the sentinels were not ready in %s", startTimeout))
	defer cancel()
	for _, role := range []string{"primary", "replica"} {
		p := redisPlan(program, options)
		command := p.command
		p.command = func(port int, dir string) []string {
			arguments := append(command(port, dir), "--repl-diskless-sync-delay", "0")
			if role == "replica" {
				arguments = append(arguments, "--replicaof", "127.0.0.1", strconv.Itoa(s.Servers[0].Port()))
			}
			return arguments
		}
		started, err := startServer(ctx, p, nil)
		if err != nil {
			return fmt.Errorf("start the %s: %w", role, err)
		}
		s.Servers = append(s.Servers, &Redis{started})
	}
	for i := range sentinelCount {
		started, err := startServer(ctx, sentinelPlan(program), func(dir string, _ func(int) error) error {
			return s.configure(dir, downAfter)
		})
		if err != nil {
			return fmt.Errorf("start sentinel %d: %w", i, err)
		}
		s.Sentinels = append(s.Sentinels, &Redis{started})
	}
	if err := poll(ctx, func() error { return s.Servers[1].linked(ctx) }); err != nil {
		return fmt.Errorf("wait for the replica: %w", err)
	}
	return s.Await(ctx)
}

// sentinelPlan runs redis-server as a sentinel, which keeps what it learns in its configuration file.
func sentinelPlan(program string) plan {
	return plan{
		name: "redis-sentinel", fast: syscall.SIGTERM, instant: syscall.SIGKILL, ready: sentinelReady,
		command: func(port int, dir string) []string {
			return []string{program, sentinelFile(dir), "--sentinel", "--port", strconv.Itoa(port)}
		},
	}
}

func sentinelFile(dir string) string { return filepath.Join(dir, "sentinel.conf") }

// configure writes the configuration of a sentinel.
func (s *RedisSentinel) configure(dir string, downAfter time.Duration) error {
	lines := []string{
		"bind 127.0.0.1",
		"dir " + strconv.Quote(dir),
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d", PrimaryName, s.Servers[0].Port(), sentinelQuorum),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", PrimaryName, downAfter.Milliseconds()),
		fmt.Sprintf("sentinel failover-timeout %s %d", PrimaryName, 5*max(downAfter, time.Second).Milliseconds()),
	}
	if err := os.WriteFile(sentinelFile(dir), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("configure a sentinel: %w", err)
	}
	return nil
}

// sentinelReady asks the sentinel for its file: another server may have taken the port in between.
func sentinelReady(ctx context.Context, port int, dir string) error {
	r := &Redis{&server{port: port}}
	return r.ask(func(client *redis.Client) error {
		info, err := client.Info(ctx, "server").Result()
		if err == nil && !strings.Contains(info, "config_file:"+sentinelFile(dir)) {
			err = fmt.Errorf("port %d belongs to another server: %q", port, info)
		}
		return err
	})
}

// Await waits until every sentinel that runs knows the others and sees a primary and a replica that are both well, as after
// the start, and again once a server that was lost is back. It is bounded by the context.
func (s *RedisSentinel) Await(ctx context.Context) error {
	for i, sentinel := range s.Sentinels {
		err := poll(ctx, func() error {
			var state map[string]string
			var replicas []map[string]string
			err := sentinel.askSentinel(func(client *redis.SentinelClient) (err error) {
				if state, err = client.Master(ctx, PrimaryName).Result(); err == nil {
					replicas, err = client.Replicas(ctx, PrimaryName).Result()
				}
				return err
			})
			if err != nil {
				return err
			}
			if state["flags"] != "master" || state["num-other-sentinels"] != strconv.Itoa(sentinelCount-1) ||
				len(replicas) != 1 || replicas[0]["flags"] != "slave" || replicas[0]["master-link-status"] != "ok" {
				return fmt.Errorf("it says %v and %v", state, replicas)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("wait for sentinel %d: %w", i, err)
		}
	}
	return nil
}

// Primary returns the server that a running sentinel names as the primary.
func (s *RedisSentinel) Primary(ctx context.Context) (*Redis, error) {
	var problems []error
	for _, sentinel := range s.Sentinels {
		var place []string
		err := sentinel.askSentinel(func(client *redis.SentinelClient) (err error) {
			place, err = client.GetMasterAddrByName(ctx, PrimaryName).Result()
			return err
		})
		if err != nil {
			problems = append(problems, err)
			continue
		}
		found := net.JoinHostPort(place[0], place[1])
		for _, server := range s.Servers {
			if address(server.Port()) == found {
				return server, nil
			}
		}
		problems = append(problems, fmt.Errorf("the primary is %s, which is none of ours", found))
	}
	return nil, fmt.Errorf("find the primary: %w", errors.Join(problems...))
}

// URL returns the address of database 0 of whichever server is the primary, with all sentinels.
func (s *RedisSentinel) URL() string {
	return "redis+sentinel://" + address(s.Sentinels[0].Port()) + "/0?master_name=" + PrimaryName + further(s.Sentinels[1:], "&")
}

// Close ends all servers and removes their folders. A second Close does nothing.
func (s *RedisSentinel) Close() error { return closeAll(slices.Concat(s.Servers, s.Sentinels)) }

// askSentinel lets f speak to the sentinel.
func (r *Redis) askSentinel(f func(*redis.SentinelClient) error) error {
	client := redis.NewSentinelClient(&redis.Options{
		Addr: address(r.Port()), Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1, PoolSize: 1,
		ReadTimeout: askTimeout, DialTimeout: askTimeout,
	})
	return errors.Join(f(client), client.Close())
}
