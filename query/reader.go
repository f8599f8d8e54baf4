package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Bars are the stored bars as a reader needs them. A store.Bars has them; each method says there what it does.
type Bars interface {
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	Page(ctx context.Context, series market.Series, window market.Window, limit int, newest bool) (*market.Candles, error)
}

// Config is what a reader needs. Bars, Now and Logger are required.
type Config struct {
	Bars   Bars
	Cache  store.Cache // nil: everything is read from the archive
	Now    func() time.Time
	Logger *slog.Logger

	// Truth, Capabilities and Resolve are for requests with Adjust or AsOf, which fail without Truth. Capabilities say which series
	// is made of which, and Resolve by which calendar an instrument trades.
	Truth Truth
	// Stills are for requests that say how complete they are, for Stream, and for timeframes that are not kept; they fail without.
	// With them all of an answer is of one state of the archive.
	Stills       store.Stills
	Capabilities market.Capabilities
	Resolve      func(name string) (market.Instrument, error)

	CacheBars    int           // bars that the cache keeps of a series; it is not asked for more. 500 by default
	CacheTimeout time.Duration // how long the cache may take before the archive answers; 100 ms by default
	CachePause   time.Duration // for how long a cache that failed is not asked again; 5 s by default

	// Recent is of how many series the newest bars that the archive answered are kept in this process; 100 by default, less
	// than 0 for none. A series costs up to RecentBars bars of 49 bytes.
	Recent     int
	RecentBars int // the longest answer that is kept; 2,000 by default
}

// Reader reads bars. Any number of goroutines may use it at once.
type Reader struct {
	Config
	recent *Memory[*market.Candles]

	mu     sync.Mutex
	paused time.Time // until then the cache is not asked

	known atomic.Pointer[known] // of calendars and listings
}

// New checks the configuration and fills in its defaults.
func New(c Config) (*Reader, error) {
	if c.Bars == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("query reader: Bars, Now and Logger are required")
	}
	if (c.Truth != nil || c.Stills != nil) && c.Resolve == nil {
		return nil, errors.New("query reader: Resolve is required with Truth and Stills")
	}
	if c.CacheBars < 0 || c.CacheTimeout < 0 || c.CachePause < 0 || c.RecentBars < 0 {
		return nil, fmt.Errorf("query reader: CacheBars %d, CacheTimeout %s, CachePause %s and RecentBars %d must not be negative",
			c.CacheBars, c.CacheTimeout, c.CachePause, c.RecentBars)
	}
	c.CacheBars = cmp.Or(c.CacheBars, 500)
	c.CacheTimeout = cmp.Or(c.CacheTimeout, 100*time.Millisecond)
	c.CachePause = cmp.Or(c.CachePause, 5*time.Second)
	c.Recent = cmp.Or(c.Recent, 100)
	c.RecentBars = cmp.Or(c.RecentBars, 2000)
	return &Reader{Config: c, recent: NewMemory[*market.Candles](c.Recent)}, nil
}

// Read answers a request. The error wraps ErrNoBars when the series has no bars at all; a window without bars is an answer. It is
// an IncompleteError where the window is not what the request requires.
func (r *Reader) Read(ctx context.Context, request Request) (Answer, error) {
	answer, err := r.read(ctx, request)
	answer.Derived = answer.Derived || r.base(request.Series) != request.Series
	return answer, err
}

func (r *Reader) read(ctx context.Context, request Request) (Answer, error) {
	if err := request.check(); err != nil {
		return Answer{}, err
	}
	if request.told() && r.Stills == nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, errNoStills)
	}
	if !request.stored() || request.Require != "" {
		return r.readTruth(ctx, request)
	}
	seen, err := r.glance(ctx, request)
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	state, asked := seen.State, request
	if state.Count == 0 {
		if r.Stills != nil {
			return r.readTruth(ctx, request) // it may be folded from another one
		}
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, ErrNoBars)
	}
	if request.Window = clip(request.Window, state); request.Window.Empty() {
		return r.tell(ctx, asked, Answer{Bars: market.NewCandles(0), Source: FromArchive, Version: state.Version}, seen)
	}
	answer, ok := Answer{}, false
	if bars, found := r.recent.Get(request.Series, state.Version); found {
		answer, ok = exact(bars, request, state, FromMemory)
	}
	if !ok {
		answer, ok = r.fromCache(ctx, request, state)
	}
	if ok {
		answer.Version = state.Version
		return r.tell(ctx, asked, answer, seen)
	}
	return r.fromArchive(ctx, asked, state)
}

// fromArchive reads one bar more than the limit: that bar tells whether there are more, and where they begin.
func (r *Reader) fromArchive(ctx context.Context, request Request, state market.SeriesState) (Answer, error) {
	if r.Stills != nil {
		return r.fromStill(ctx, request)
	}
	request.Window = clip(request.Window, state)
	bars, err := r.Bars.Page(ctx, request.Series, request.Window, request.Limit+1, request.Newest)
	if err != nil {
		return Answer{}, fmt.Errorf("read %s: %w", request.Series, err)
	}
	answer := limited(bars, request, FromArchive)
	answer.Version, err = r.keep(ctx, request, state, bars)
	return answer, err
}

// keep keeps the newest bars of a series for the next requests, when it is known of which version they are: that of before
// and after they were read. It returns that version; 0 where they are not kept.
func (r *Reader) keep(ctx context.Context, request Request, before market.SeriesState, bars *market.Candles) (int64, error) {
	if !r.worthKeeping(request, before, bars) {
		return 0, nil
	}
	after, _, err := r.Bars.State(ctx, request.Series)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", request.Series, err)
	}
	if after.Version != before.Version {
		return 0, nil
	}
	r.remember(request.Series, before.Version, bars)
	return before.Version, nil
}

// worthKeeping tells whether bars are the newest of their series, and not too many.
func (r *Reader) worthKeeping(request Request, state market.SeriesState, bars *market.Candles) bool {
	n := bars.Len()
	return r.Recent >= 1 && request.Newest && n > 0 && n <= r.RecentBars && bars.TS[n-1] == state.Newest.Unix()
}

// remember keeps bars, unless more of them are kept already.
func (r *Reader) remember(series market.Series, version int64, bars *market.Candles) {
	if old, found := r.recent.Get(series, version); !found || old.Len() < bars.Len() {
		r.recent.Put(series, version, bars)
	}
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
