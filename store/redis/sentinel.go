package redis

import (
	"context"
	"errors"
	"fmt"
	"net"

	goredis "github.com/redis/go-redis/v9"
)

// connectSentinel makes the client of the primary that the sentinels name, now and after each failover.
func (c *Client) connectSentinel(o *goredis.FailoverOptions) {
	c.bound(o.ReadTimeout)
	o.ReadTimeout, o.WriteTimeout = c.timeout, c.timeout
	o.DialerRetries = 1
	o.MaxRetries, o.MaxRetryBackoff = 1, retryBackoff
	o.ContextTimeoutEnabled = true
	o.Protocol, o.DisableIdentity = 2, true
	// A dial first looks the primary up at the sentinel that answered last, and only if that fails at the others. When the
	// machine of that sentinel is gone, each of its two tries takes a whole time-out; go-redis turns to the others only if there
	// is time left then, and else never. Calls do not wait for that: a dial goes on in the background.
	o.Dialer = goredis.NewDialer(&goredis.Options{DialTimeout: c.timeout, TLSConfig: o.TLSConfig})
	o.DialTimeout = 3 * c.timeout
	client := goredis.NewFailoverClient(o)
	client.AddHook(unknownPrimary{name: o.MasterName})
	c.client, c.ping = client, func(ctx context.Context) error { return client.Ping(ctx).Err() }
}

// unknownPrimary changes the error of a dial for which no sentinel knew the primary's name: it is goredis.Nil, which means to
// everybody else that a key does not exist.
type unknownPrimary struct{ name string }

// DialHook watches the dials.
func (u unknownPrimary) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if errors.Is(err, goredis.Nil) {
			return nil, fmt.Errorf("the sentinels know no primary of the name %q", u.name)
		}
		return conn, err
	}
}

// ProcessHook changes nothing.
func (u unknownPrimary) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

// ProcessPipelineHook changes nothing.
func (u unknownPrimary) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}
