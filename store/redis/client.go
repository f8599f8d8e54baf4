package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Defaults of a Config.
const (
	DefaultPrefix    = "barkeep"
	DefaultCacheBars = 500
	DefaultTimeout   = 2 * time.Second
)

// Config says which Redis to use, and how.
type Config struct {
	// URL is one server, redis://[user:password@]host:6379/0 or unix:///path/to/socket?db=0; a cluster,
	// redis+cluster://[user:password@]host:6379?addr=host2:6379; or sentinels and the primary that they watch,
	// redis+sentinel://[user:password@]host:26379/0?master_name=NAME&addr=host2:26379, where user and password are those of
	// the sentinels, and the options username and password those of the servers. With TLS the schemes begin with rediss, and
	// every server's certificate must bear the URL's host. The query may hold any number of addr, and the options that
	// go-redis reads. Required.
	URL string
	// Prefix starts every key; empty for DefaultPrefix.
	Prefix string
	// CacheBars is how many of the newest bars of a series are kept; 0 for DefaultCacheBars.
	CacheBars int
	// Timeout bounds one call, retries and a failover included; 0 for the URL's read_timeout, or DefaultTimeout.
	Timeout time.Duration
	// Now is the clock that stamps cached bars; required. Leases and the budget go by the server's clock.
	Now func() time.Time
	// Logger is told when Redis does not answer at the start; nil for none.
	Logger *slog.Logger
}

// Client is a connection to Redis. Its methods may be called from several goroutines at once.
//
// Clusters and sentinels replicate asynchronously: a failover may lose the last leases, markers and requests of the budget
// that were acknowledged, and an old primary that is cut off may answer for a moment still. Nothing here is therefore proof
// of anything. The ledger decides who runs a slot, and a budget goes on from what its processes and the database remember.
type Client struct {
	client    goredis.UniversalClient
	ping      func(context.Context) error
	reload    func(context.Context) // looks in the background where a cluster's slots are; nil without a cluster
	prefix    string
	cacheBars int
	timeout   time.Duration
	now       func() time.Time
	scripts   scripts

	mu   sync.Mutex
	seen map[string]grant // by budget: the furthest state that this process knows of
}

// scripts are the Lua programs; each works on one key.
type scripts struct {
	acquire, extend, release, take, usage, put *goredis.Script
}

// Open prepares the client. A malformed URL is an error that wraps ErrURL and shows no password. An unreachable server is
// none: it is logged once as a warning, and every later call reports it again with ErrUnavailable until it is back.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	if cfg.Now == nil {
		return nil, errors.New("open redis: Config.Now is nil; give it a clock")
	}
	if cfg.CacheBars < 0 || cfg.Timeout < 0 {
		return nil, fmt.Errorf("open redis: CacheBars (%d) and Timeout (%s) must not be negative", cfg.CacheBars, cfg.Timeout)
	}
	// go-redis writes every failed dial to stderr through a logger of the whole process. The same failures come back as
	// errors here, so nothing is lost by silencing it.
	goredis.SetLogger(&logging.VoidLogger{})
	c := prepare(cfg)
	if err := c.connect(cfg.URL); err != nil {
		return nil, err
	}
	if err := c.Ping(ctx); err != nil && cfg.Logger != nil {
		cfg.Logger.WarnContext(ctx, "redis does not answer, going on without it", "error", err)
	}
	return c, nil
}

// prepare builds a Client that is not connected, with its defaults filled in.
func prepare(cfg Config) *Client {
	return &Client{
		prefix: cmp.Or(cfg.Prefix, DefaultPrefix), cacheBars: cmp.Or(cfg.CacheBars, DefaultCacheBars),
		timeout: cfg.Timeout, now: cfg.Now, seen: map[string]grant{},
		scripts: scripts{
			acquire: goredis.NewScript(acquireScript), extend: goredis.NewScript(extendLeaseScript),
			release: goredis.NewScript(releaseLeaseScript), take: goredis.NewScript(takeScript),
			usage: goredis.NewScript(usageScript), put: goredis.NewScript(putScript),
		},
	}
}

// Ping tells whether Redis answers: the server, the primary that the sentinels name, or any node of a cluster that says the
// cluster is up (single keys can be unavailable then). The error wraps ErrUnavailable when it does not.
func (c *Client) Ping(ctx context.Context) error { return c.call(ctx, "ping redis", c.ping) }

// Close ends all connections. Leases that are held stay in Redis until they run out: release them first. Calls after the
// first do nothing.
func (c *Client) Close() error {
	if err := c.client.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
		return fmt.Errorf("close redis client: %w", err)
	}
	return nil
}

// key builds the key of a kind of thing.
func (c *Client) key(kind, name string) string { return c.prefix + ":" + kind + ":" + name }

// call calls Redis within the time-out. It returns goredis.Nil bare, what ended ctx when ctx is over, and everything else as
// ErrUnavailable.
func (c *Client) call(ctx context.Context, what string, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := f(bounded)
	if err == nil || errors.Is(err, goredis.Nil) {
		return err
	}
	if c.reload != nil && !errors.Is(err, goredis.ErrClosed) {
		// A dead node cannot say who serves its slots now, and by itself the client looks once a minute.
		c.reload(ctx)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	if _, moved := goredis.IsMovedError(err); moved && c.reload == nil {
		return fmt.Errorf("%s: %w: it is a node of a cluster, whose URL is redis+cluster://...: %w", what, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
}

// text reads the first bytes of a key's value, most and one more: whoever shares the server may have put anything there. The
// error is goredis.Nil when there is no such key.
func (c *Client) text(ctx context.Context, key string, most int64) ([]byte, error) {
	value, err := c.client.GetRange(ctx, key, 0, most).Bytes()
	if err != nil || len(value) > 0 {
		return value, err
	}
	there, err := c.client.Exists(ctx, key).Result()
	if err == nil && there == 0 {
		err = goredis.Nil
	}
	return value, err
}
