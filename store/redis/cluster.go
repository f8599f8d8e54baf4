package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// connectCluster makes the client of a cluster.
func (c *Client) connectCluster(o *goredis.ClusterOptions) {
	c.bound(o.ReadTimeout)
	// A node that hangs must leave time to read the map of the slots from another one.
	try := c.timeout / 2
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = try, try, try
	o.DialerRetries = 1
	// The cluster's client tries again itself, max_redirects times; its nodes' clients must not do so as well.
	o.MaxRetries, o.MaxRetryBackoff = -1, retryBackoff
	o.ContextTimeoutEnabled = true
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = noHandOver()
	// Routing by policy reads a description of all commands from a random node, for up to 5 s and whatever our time-out
	// is. Every call here has a key to be routed by.
	o.DisableRoutingPolicies = true
	client := goredis.NewClusterClient(o)
	c.client = client
	c.ping = func(ctx context.Context) error { return pingCluster(ctx, client) }
	c.reload = client.ReloadState
}

// pingCluster is satisfied with one node that says the cluster is up: then it serves every key whose node lives, and all of
// them if cluster-require-full-coverage is on.
func pingCluster(ctx context.Context, client *goredis.ClusterClient) error {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	var mu sync.Mutex
	var problems []error
	up := false
	err := client.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error {
		info, err := node.ClusterInfo(ctx).Result()
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			problems = append(problems, err)
		case strings.Contains(info, "cluster_state:ok"):
			up = true
			enough()
		default:
			problems = append(problems, fmt.Errorf("node %s says that the cluster is down", node.Options().Addr))
		}
		return nil
	})
	switch {
	case up:
		return nil
	case err == nil && len(problems) == 0:
		return errors.New("no node of the cluster serves any slots")
	default:
		return errors.Join(append(problems, err)...)
	}
}
