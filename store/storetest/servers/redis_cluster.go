package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// clusterNodes is the least number of masters of which one may be lost: the others are a majority.
	clusterNodes = 3
	// busDistance is how far above a node's port the one is on which it talks with the other nodes.
	busDistance = 10_000
	// slotCount is how many slots a cluster spreads its keys over.
	slotCount = 16_384
)

// errContainer says why a set of servers needs an installed redis-server.
var errContainer = errors.New("servers in containers tell their clients addresses that nobody outside can reach")

// RedisCluster is a throwaway Redis Cluster.
type RedisCluster struct {
	// Nodes are the masters, each with a third of the slots, and behind them the replicas in the order of their making.
	Nodes   []*Redis
	program string
	options Options
}

// StartRedisCluster starts a cluster of three masters without replicas on 127.0.0.1. A node that does not answer for two
// seconds counts as lost, and the others go on serving their own keys; both are settings that the options can replace. Close
// must be called. The error wraps ErrMissing where no redis-server is installed, also where Docker stands in for it: this
// set cannot run in containers.
func StartRedisCluster(ctx context.Context, options Options) (*RedisCluster, error) {
	program, err := installedForSet(ctx, "a Redis Cluster")
	if err != nil {
		return nil, err
	}
	settings := map[string]string{
		"cluster-enabled": "yes", "cluster-node-timeout": "2000", "cluster-require-full-coverage": "no",
		"repl-diskless-sync-delay": "0",
	}
	maps.Copy(settings, options.Settings)
	c := &RedisCluster{program: program, options: Options{Durable: options.Durable, Settings: settings}}
	for range clusterNodes {
		if err := c.add(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	if err := c.form(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// installedForSet finds the redis-server for a set of several, which cannot be containers.
func installedForSet(ctx context.Context, set string) (string, error) {
	program, err := FindRedis(ctx)
	if err != nil {
		return "", err
	}
	if program == Docker {
		return "", fmt.Errorf("redis-server is %w, or %s=docker passes it over, and %s needs it: %w; install it (Debian: "+
			"apt-get install redis-server; macOS: brew install redis)", ErrMissing, EnvRedis, set, errContainer)
	}
	return program, nil
}

// add starts another node, which knows nobody yet.
func (c *RedisCluster) add(ctx context.Context) error {
	p := redisPlan(c.program, c.options)
	p.second = busDistance
	s, err := startServer(ctx, p, nil)
	if err != nil {
		return fmt.Errorf("start node %d of a Redis Cluster: %w", len(c.Nodes), err)
	}
	c.Nodes = append(c.Nodes, &Redis{s})
	return nil
}

// form gives each node its slots, makes them known to one another, and waits until all say that the cluster is up.
func (c *RedisCluster) form(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the cluster did not form in %s", startTimeout))
	defer cancel()
	for i, node := range c.Nodes {
		from, to := i*slotCount/clusterNodes, (i+1)*slotCount/clusterNodes-1
		err := node.ask(func(client *redis.Client) error {
			return errors.Join(
				client.ClusterAddSlotsRange(ctx, from, to).Err(),
				client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(), // else they have to agree on who is who first
			)
		})
		if err == nil && i > 0 {
			err = node.meet(ctx, c.Nodes[0])
		}
		if err != nil {
			return fmt.Errorf("form a Redis Cluster, node %d: %w", i, err)
		}
	}
	return c.await(ctx, func(info, nodes string) bool {
		return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384") &&
			strings.Count(nodes, " connected") == len(c.Nodes)
	})
}

// Replicate starts a replica of a master, by its place in Nodes, and waits until it has the master's data and all know it. The
// cluster then survives the loss of that master.
func (c *RedisCluster) Replicate(ctx context.Context, master int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no replica within %s", startTimeout))
	defer cancel()
	if err := c.add(ctx); err != nil {
		return err
	}
	replica := c.Nodes[len(c.Nodes)-1]
	var id string
	err := c.Nodes[master].ask(func(client *redis.Client) (err error) {
		id, err = client.ClusterMyID(ctx).Result()
		return err
	})
	if err == nil {
		err = replica.meet(ctx, c.Nodes[master])
	}
	if err != nil {
		return fmt.Errorf("replicate node %d of a Redis Cluster: %w", master, err)
	}
	err = poll(ctx, func() error { // it refuses until it knows the master
		return replica.ask(func(client *redis.Client) error { return client.ClusterReplicate(ctx, id).Err() })
	})
	if err == nil {
		err = poll(ctx, func() error { return replica.linked(ctx) })
	}
	if err != nil {
		return fmt.Errorf("replicate node %d of a Redis Cluster: %w", master, err)
	}
	return c.await(ctx, func(_, nodes string) bool { return strings.Contains(nodes, "slave "+id) })
}

// await polls until every node that runs says what is wanted.
func (c *RedisCluster) await(ctx context.Context, wanted func(info, nodes string) bool) error {
	for i, node := range c.Nodes {
		err := poll(ctx, func() error {
			return node.ask(func(client *redis.Client) error {
				info, err := client.ClusterInfo(ctx).Result()
				nodes, err2 := client.ClusterNodes(ctx).Result()
				if err = errors.Join(err, err2); err == nil && !wanted(info, nodes) {
					err = fmt.Errorf("it says %q and %q", info, nodes)
				}
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("wait for node %d of a Redis Cluster: %w", i, err)
		}
	}
	return nil
}

// URL returns the address of the cluster with all its nodes.
func (c *RedisCluster) URL() string {
	return "redis+cluster://" + address(c.Nodes[0].Port()) + further(c.Nodes[1:], "?")
}

// further lists the servers behind the first one as options of a URL; begin comes before the first.
func further(nodes []*Redis, begin string) string {
	var text strings.Builder
	for _, node := range nodes {
		text.WriteString(begin + "addr=" + address(node.Port()))
		begin = "&"
	}
	return text.String()
}

// Close ends all nodes and removes their folders. A second Close does nothing.
func (c *RedisCluster) Close() error { return closeAll(c.Nodes) }

// closeAll closes servers, the last one first.
func closeAll(nodes []*Redis) error {
	var problems []error
	for i := len(nodes) - 1; i >= 0; i-- {
		problems = append(problems, nodes[i].Close())
	}
	return errors.Join(problems...)
}

// ask lets f speak to the server.
func (r *Redis) ask(f func(*redis.Client) error) error {
	client := redis.NewClient(&redis.Options{
		Addr: address(r.Port()), Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1, PoolSize: 1,
		ReadTimeout: askTimeout, DialTimeout: askTimeout,
	})
	return errors.Join(f(client), client.Close())
}

// askTimeout is how long a server may take to answer.
const askTimeout = 5 * time.Second

// meet introduces a node of a cluster to another one.
func (r *Redis) meet(ctx context.Context, other *Redis) error {
	return r.ask(func(client *redis.Client) error {
		return client.ClusterMeet(ctx, "127.0.0.1", strconv.Itoa(other.Port())).Err()
	})
}

// linked tells whether the server is a replica that has its primary's data.
func (r *Redis) linked(ctx context.Context) error {
	return r.ask(func(client *redis.Client) error {
		info, err := client.Info(ctx, "replication").Result()
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = fmt.Errorf("it is no replica with data: %q", info)
		}
		return err
	})
}

// poll repeats f until it succeeds; the error is f's last one and why the context ended.
func poll(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		if stopped := pause(ctx, pollPause); stopped != nil {
			return errors.Join(stopped, err)
		}
	}
}
