package redis

import (
	"context"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// retryBackoff is the longest pause between two tries of one question.
const retryBackoff = 100 * time.Millisecond

// connect makes the client: of what the URL names, or of a server of our own without one. Nothing is dialled yet.
func (s *Client) connect(text string) error {
	if text == "" {
		s.connectServer(s.startLocal())
		return nil
	}
	t, err := readURL(text)
	if err != nil {
		return err
	}
	switch {
	case t.cluster != nil:
		s.connectCluster(t.cluster)
	case t.sentinel != nil:
		s.connectSentinel(t.sentinel)
	default:
		s.connectServer(t.server)
	}
	return nil
}

// startLocal starts the in-process server and says how to reach it.
func (s *Client) startLocal() *goredis.Options {
	s.local = startLocal(localTick)
	s.slack = localTick
	// A pipe holds nothing: client and server would wait for each other in the middle of a long pipeline.
	s.batch = 1
	dial := func(context.Context, string, string) (net.Conn, error) { return s.local.server.Dial() }
	return &goredis.Options{Addr: "in-process", Dialer: dial}
}

// connectServer makes the client of one server.
func (s *Client) connectServer(o *goredis.Options) {
	s.bound(o.ReadTimeout)
	// One dial a try: the retries of the command cover it, and a dead server must be noticed soon.
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = s.timeout, s.timeout, s.timeout
	o.DialerRetries = 1
	o.MaxRetries, o.MaxRetryBackoff = 2, retryBackoff
	o.ContextTimeoutEnabled = true
	// Nothing here needs RESP3's push messages, nor the hand-over protocol and the name tags of hosted servers.
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = noHandOver()
	client := goredis.NewClient(o)
	s.client, s.ping = client, func(ctx context.Context) error { return client.Ping(ctx).Err() }
}

// bound settles how long one question may take: Config.Timeout, else the read_timeout of the URL, else the default.
func (s *Client) bound(readTimeout time.Duration) {
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
		if readTimeout > 0 {
			s.timeout = readTimeout
		}
	}
}

// noHandOver switches the hand-over protocol of hosted servers off.
func noHandOver() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
