package servers_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"barkeep/store/storetest/servers"
)

// bound is how long a set of servers may take to do what it does within seconds on an idle machine. Only a test that fails
// waits for its end. A sentinel that was starved for two seconds does nothing for another thirty (its TILT mode), and a failover
// that was cut short is tried again after ten times the silence after which a server counts as lost.
const bound = 3 * time.Minute

// eventually polls until the condition has no objection.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("timed out: %s: %v", what, err)
		case <-ticker.C:
		}
	}
}

// clusterClient speaks to a cluster.
func clusterClient(t *testing.T, c *servers.RedisCluster) *redis.ClusterClient {
	t.Helper()
	options, err := redis.ParseClusterURL(strings.Replace(c.URL(), "+cluster", "", 1))
	if err != nil {
		t.Fatalf("parse %s: %v", c.URL(), err)
	}
	if len(options.Addrs) != len(c.Nodes) {
		t.Fatalf("%s names %v, and there are %d nodes", c.URL(), options.Addrs, len(c.Nodes))
	}
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestRedisClusterSpreadsKeysAndLosesANode(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	client := clusterClient(t, c)
	for i := range 100 {
		if err := client.Set(t.Context(), fmt.Sprint("key ", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i, node := range c.Nodes {
		if n, err := clientOf(t, node).DBSize(t.Context()).Result(); err != nil || n < 10 {
			t.Errorf("node %d holds %d of 100 keys, %v", i, n, err)
		}
	}
	if err := c.Replicate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	held := clientOf(t, c.Nodes[0]).DBSize(t.Context()).Val()
	if err := c.Nodes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	replica := clientOf(t, c.Nodes[3])
	eventually(t, "the replica takes over", func() error {
		info, err := replica.Info(t.Context(), "replication").Result()
		if err == nil && !strings.Contains(info, "role:master") {
			err = errors.New(info)
		}
		return err
	})
	if n, err := replica.DBSize(t.Context()).Result(); n != held || err != nil {
		t.Errorf("the replica holds %d keys of %d, %v", n, held, err)
	}
}

// clientOf speaks to one server of a set.
func clientOf(t *testing.T, r *servers.Redis) *redis.Client {
	t.Helper()
	return client(t, r.URL())
}

// starve keeps the primary from answering until a sentinel has waited that long for it, as a busy machine does.
func starve(t *testing.T, s *servers.RedisSentinel, wait time.Duration) {
	t.Helper()
	if err := s.Servers[0].Pause(); err != nil {
		t.Fatal(err)
	}
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Sentinels[0].Port()))})
	defer sentinel.Close()
	eventually(t, "a sentinel waits for the primary", func() error {
		state, err := sentinel.Master(t.Context(), servers.PrimaryName).Result()
		if waited, _ := strconv.ParseInt(state["last-ping-sent"], 10, 64); err == nil && waited < wait.Milliseconds() {
			err = fmt.Errorf("it has waited for %d ms", waited)
		}
		return err
	})
	if err := s.Servers[0].Resume(); err != nil {
		t.Fatal(err)
	}
}

func TestRedisSentinelFailsOver(t *testing.T) {
	t.Parallel()
	s := servers.RunRedisSentinel(t, 5*time.Second, servers.Options{})
	starve(t, s, 1500*time.Millisecond)
	first, err := s.Primary(t.Context())
	if err != nil || first != s.Servers[0] {
		t.Fatalf("the primary is %v, %v", first, err)
	}
	if err := clientOf(t, first).Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has the key", func() error { return clientOf(t, s.Servers[1]).Get(t.Context(), "key").Err() })
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica takes over", func() error {
		now, err := s.Primary(t.Context())
		if err == nil && now == first {
			err = errors.New("the primary is the one that was killed")
		}
		return err
	})
	eventually(t, "it takes writes", func() error { return clientOf(t, s.Servers[1]).Set(t.Context(), "more", 1, 0).Err() })
	if err := first.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	if err := s.Await(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := clientOf(t, first).Get(t.Context(), "more").Result(); got != "1" || err != nil {
		t.Errorf("the old primary follows the new one with %q, %v", got, err)
	}
	if !strings.HasPrefix(s.URL(), "redis+sentinel://127.0.0.1:") || strings.Count(s.URL(), "addr=") != 2 {
		t.Errorf("the URL is %s", s.URL())
	}
}

func TestPausedRedisAnswersNothing(t *testing.T) {
	t.Parallel()
	r := servers.RunRedis(t, servers.Options{})
	if err := r.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client(t, r.URL()).Ping(ctx).Err(); err == nil {
		t.Error("a paused server answers")
	}
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it goes on", func() error { return client(t, r.URL()).Ping(t.Context()).Err() })
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Pause(); err == nil {
		t.Error("a server that does not run was paused")
	}
}

// Sets cannot be containers; what they say must name the variable, and nothing may be left behind.
func TestSetsNeedAnInstalledRedis(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for _, set := range []string{servers.Docker, "/nowhere/redis-server"} {
		t.Setenv(servers.EnvRedis, set)
		_, cluster := servers.StartRedisCluster(t.Context(), servers.Options{})
		_, sentinel := servers.StartRedisSentinel(t.Context(), time.Second, servers.Options{})
		for name, err := range map[string]error{"cluster": cluster, "sentinel": sentinel} {
			if !errors.Is(err, servers.ErrMissing) || !strings.Contains(err.Error(), servers.EnvRedis) {
				t.Errorf("%s with %s: %v", name, set, err)
			}
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
