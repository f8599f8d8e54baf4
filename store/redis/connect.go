package redis

import (
	"cmp"
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// retryBackoff is the longest pause between two tries of one call.
const retryBackoff = 100 * time.Millisecond

// connect makes the client of what the URL names. Nothing is dialled yet.
func (c *Client) connect(text string) error {
	t, err := readURL(text)
	if err != nil {
		return err
	}
	switch {
	case t.cluster != nil:
		c.connectCluster(t.cluster)
	case t.sentinel != nil:
		c.connectSentinel(t.sentinel)
	default:
		c.connectServer(t.server)
	}
	return nil
}

// connectServer makes the client of one server.
func (c *Client) connectServer(o *goredis.Options) {
	c.bound(o.ReadTimeout)
	// One dial a try: the retries of the command cover it, and a dead server must be noticed soon.
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = c.timeout, c.timeout, c.timeout
	o.DialerRetries = 1
	o.MaxRetries, o.MaxRetryBackoff = 2, retryBackoff
	o.ContextTimeoutEnabled = true
	// Nothing here needs RESP3's push messages, nor the hand-over protocol and the name tags of hosted servers.
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = noHandOver()
	client := goredis.NewClient(o)
	c.client, c.ping = client, func(ctx context.Context) error { return client.Ping(ctx).Err() }
}

// bound sets how long one call may take: Config.Timeout, else the read_timeout of the URL, else the default.
func (c *Client) bound(readTimeout time.Duration) {
	c.timeout = cmp.Or(c.timeout, max(readTimeout, 0), DefaultTimeout)
}

// noHandOver switches the hand-over protocol of hosted servers off.
func noHandOver() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
