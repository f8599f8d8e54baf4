package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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

// Config says where the state is kept and how.
type Config struct {
	// URL is one server, redis://[user:password@]host:6379/0 or unix:///path/to/socket?db=0; a cluster,
	// redis+cluster://[user:password@]host:6379?addr=host2:6379; or sentinels and the primary that they watch,
	// redis+sentinel://[user:password@]host:26379/0?master_name=NAME&addr=host2:26379, where user and password are those of
	// the sentinels, and the options username and password those of the servers. With TLS the schemes begin with rediss, and
	// every server's certificate must bear the URL's host. The query may hold any number of addr, and the options that
	// go-redis reads. Empty: the state is kept inside this process and ends with it.
	URL string
	// Prefix starts every key; empty for DefaultPrefix.
	Prefix string
	// CacheBars is how many of the newest bars of a series are kept; 0 for DefaultCacheBars.
	CacheBars int
	// Timeout bounds one question to Redis, retries and a failover included; 0 for the URL's read_timeout, or DefaultTimeout.
	Timeout time.Duration
	// Now is the clock; required. Lease lengths and the budget do not follow it, but timers and the server's clock.
	Now func() time.Time
	// Logger is told what no error can tell, such as a lease lost in the background; nil for none.
	Logger *slog.Logger
}

// Client is a connection to what is kept. Its methods may be called from several goroutines at once.
//
// Clusters and sentinels replicate asynchronously: a failover may lose the last leases, markers and slots of the budget that
// were acknowledged, and an old primary that is cut off may answer for a moment still. Nothing here is therefore proof of
// anything. The ledger decides who runs a slot; fencing numbers rise over a failover as long as the servers' clocks agree
// better than the time between two holders; a budget goes on from what its processes remember.
type Client struct {
	client    goredis.UniversalClient
	ping      func(context.Context) error
	reload    func(context.Context) // looks in the background where a cluster's slots are; nil without a cluster
	local     *local                // nil with a real server
	prefix    string
	cacheBars int
	batch     int // series in one pipeline
	timeout   time.Duration
	slack     time.Duration // added to what expires: the in-process server may take this much too early
	now       func() time.Time
	logger    *slog.Logger
	holder    Holder // this process, without a time
	scripts   scripts

	mu     sync.Mutex // guards closed against wg.Go
	closed chan struct{}
	wg     sync.WaitGroup // heartbeats
}

// scripts are the Lua programs; each works on one key.
type scripts struct {
	replace, remove, fence, take, usage, put *goredis.Script
}

// Open prepares the state. A malformed URL is an error that wraps ErrURL and shows no password. An unreachable server is
// none: it is logged once as a warning, and every later call reports it again with ErrUnavailable until it is back.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	if cfg.Now == nil {
		return nil, errors.New("redis: Config.Now is required")
	}
	if cfg.CacheBars < 0 || cfg.Timeout < 0 {
		return nil, fmt.Errorf("redis: CacheBars (%d) and Timeout (%s) must not be negative", cfg.CacheBars, cfg.Timeout)
	}
	// go-redis writes every failed dial to stderr through a logger of the whole process. The same failures come back as
	// errors here, so nothing is lost by silencing it.
	goredis.SetLogger(&logging.VoidLogger{})
	s, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		s.logger.WarnContext(ctx, "redis does not answer; going on without it", "error", err)
	}
	return s, nil
}

// prepare builds a State with its defaults filled in, and starts the in-process server when there is no URL.
func prepare(cfg Config) (*Client, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	s := &Client{
		prefix: cfg.Prefix, cacheBars: cfg.CacheBars, batch: batchSize, timeout: cfg.Timeout, now: cfg.Now,
		logger: cfg.Logger,
		holder: Holder{Host: host, PID: os.Getpid()}, closed: make(chan struct{}),
		scripts: scripts{
			replace: goredis.NewScript(replaceScript), remove: goredis.NewScript(removeScript),
			fence: goredis.NewScript(fenceScript), take: goredis.NewScript(takeScript),
			usage: goredis.NewScript(usageScript), put: goredis.NewScript(putScript),
		},
	}
	if s.prefix == "" {
		s.prefix = DefaultPrefix
	}
	if s.cacheBars == 0 {
		s.cacheBars = DefaultCacheBars
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if err := s.connect(cfg.URL); err != nil {
		return nil, err
	}
	return s, nil
}

// Ping tells whether Redis answers: the server, the primary that the sentinels name, or any node of a cluster that says the
// cluster is up (single keys can be unavailable then). The error wraps ErrUnavailable when it does not.
func (s *Client) Ping(ctx context.Context) error { return s.ask(ctx, "ping redis", s.ping) }

// InProcess tells whether the state is kept inside this process.
func (s *Client) InProcess() bool { return s.local != nil }

// Close ends all heartbeats and connections and waits for them. Leases that are held stay in Redis until they run out:
// release them first. Calls after the first do nothing.
func (s *Client) Close() error {
	s.mu.Lock()
	select {
	case <-s.closed:
		s.mu.Unlock()
		return nil
	default:
	}
	close(s.closed)
	s.mu.Unlock()

	s.wg.Wait()
	err := s.client.Close()
	if s.local != nil {
		s.local.close()
	}
	if err != nil {
		return fmt.Errorf("close redis client: %w", err)
	}
	return nil
}

// spawn runs f in a goroutine that Close waits for, and tells whether it did: not after Close.
func (s *Client) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return false
	default:
		s.wg.Go(f)
		return true
	}
}

// key builds the key of a kind of thing.
func (s *Client) key(kind, name string) string { return s.prefix + ":" + kind + ":" + name }

// ask puts one question to Redis within the time-out. It returns goredis.Nil bare, what ended ctx when ctx is over, and
// everything else as ErrUnavailable.
func (s *Client) ask(ctx context.Context, what string, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := f(bounded)
	if err == nil || errors.Is(err, goredis.Nil) {
		return err
	}
	if s.reload != nil && !errors.Is(err, goredis.ErrClosed) {
		// A dead node cannot say who serves its slots now, and by itself the client looks once a minute.
		s.reload(ctx)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	if _, moved := goredis.IsMovedError(err); moved && s.reload == nil {
		return fmt.Errorf("%s: %w: it is a node of a cluster, whose URL is redis+cluster://...: %w", what, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
}
