package state

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connect makes the client: of the server at the URL, or of a server of our own without one. Nothing is dialled yet.
func (s *State) connect(address string) error {
	options, err := s.options(address)
	if err != nil {
		return err
	}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
		if options.ReadTimeout > 0 {
			s.timeout = options.ReadTimeout
		}
	}
	// One dial a try: the retries of the command cover it, and a dead server must be noticed soon.
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = s.timeout, s.timeout, s.timeout
	options.DialerRetries = 1
	options.MaxRetries = 2
	options.MaxRetryBackoff = 100 * time.Millisecond
	options.ContextTimeoutEnabled = true
	// Nothing here needs RESP3's push messages, nor the hand-over protocol and the name tags of hosted servers.
	options.Protocol = 2
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	s.client = redis.NewClient(options)
	return nil
}

// options reads the URL, or points at a new in-process server.
func (s *State) options(address string) (*redis.Options, error) {
	if address == "" {
		s.local = startLocal(localTick)
		s.slack = localTick
		// A pipe holds nothing: client and server would wait for each other in the middle of a long pipeline.
		s.batch = 1
		dial := func(context.Context, string, string) (net.Conn, error) { return s.local.server.Dial() }
		return &redis.Options{Addr: "in-process", Dialer: dial}, nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		// The parser quotes what it could not read, and that can be a part of a password with an odd character in it.
		return nil, fmt.Errorf("%w %s: accepted are redis://[user:password@]host:6379/0, rediss://... with TLS, and "+
			"unix:///path/to/socket?db=0; percent-encode odd characters of a password", ErrURL, redact(address))
	}
	return options, nil
}

// redact shows as much of a URL as cannot be a secret.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.Count(address, "@") > 1 || (u.User == nil && strings.Contains(address, "@")) || u.Host == "" {
		return "(not shown, it may hold a password)"
	}
	u.User = nil
	return fmt.Sprintf("%q", u.String())
}
