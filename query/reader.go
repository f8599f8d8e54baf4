package query

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Config is what a reader needs. Bars, Now and Logger are required.
type Config struct {
	Bars   store.Bars
	Cache  store.Cache // nil: everything is read from the archive
	Now    func() time.Time
	Logger *slog.Logger

	CacheBars    int           // bars that the cache keeps of a series; it is not asked for more. 500 by default
	CacheTimeout time.Duration // how long the cache may take before the archive answers; 100 ms by default
	CachePause   time.Duration // for how long a cache that failed is not asked again; 5 s by default
}

// Reader reads bars. It holds none; any number of goroutines may use it at once.
type Reader struct {
	Config

	mu     sync.Mutex
	paused time.Time // until then the cache is not asked
}

// New checks the configuration and fills in its defaults.
func New(c Config) (*Reader, error) {
	if c.Bars == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("query reader: Bars, Now and Logger are required")
	}
	if c.CacheBars < 0 || c.CacheTimeout < 0 || c.CachePause < 0 {
		return nil, fmt.Errorf("query reader: CacheBars %d, CacheTimeout %s and CachePause %s must not be negative", c.CacheBars,
			c.CacheTimeout, c.CachePause)
	}
	if c.CacheBars == 0 {
		c.CacheBars = 500
	}
	if c.CacheTimeout == 0 {
		c.CacheTimeout = 100 * time.Millisecond
	}
	if c.CachePause == 0 {
		c.CachePause = 5 * time.Second
	}
	return &Reader{Config: c}, nil
}

// Read answers a request. The error wraps ErrNoBars when the series has no bars at all; a window without bars is an answer.
func (r *Reader) Read(ctx context.Context, request Request) (Answer, error) {
	if err := request.check(); err != nil {
		return Answer{}, err
	}
	state, found, err := r.Bars.State(ctx, request.Series)
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	if !found || state.Count == 0 {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, ErrNoBars)
	}
	request.Window = clip(request.Window, state)
	if request.Window.Empty() {
		return Answer{Bars: market.NewCandles(0), Source: FromArchive}, nil
	}
	if answer, ok := r.fromCache(ctx, request, state); ok {
		return answer, nil
	}
	return r.fromArchive(ctx, request)
}

// fromArchive reads one bar more than the limit: that bar tells whether there are more, and where they begin.
func (r *Reader) fromArchive(ctx context.Context, request Request) (Answer, error) {
	bars, err := r.Bars.Page(ctx, request.Series, request.Window, request.Limit+1, request.Newest)
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	return limited(bars, request, FromArchive), nil
}

// limited takes the bars of a request from all bars of its window at that end.
func limited(bars *market.Candles, request Request, source Source) Answer {
	n, limit := bars.Len(), request.Limit
	switch {
	case n <= limit:
		return Answer{Bars: bars, Source: source}
	case request.Newest:
		return Answer{Bars: bars.Slice(n-limit, n), Source: source, More: true}
	default:
		return Answer{Bars: bars.Slice(0, limit), Source: source, More: true, Next: bars.At(limit).Start}
	}
}
