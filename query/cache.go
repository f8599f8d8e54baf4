package query

import (
	"context"

	"barkeep/market"
)

// fromCache answers from the cached bars when they are those of the archive now, and hold everything that was asked for.
// The window of the request is clipped to the series. False sends the request to the archive.
func (r *Reader) fromCache(ctx context.Context, request Request, state market.SeriesState) (Answer, bool) {
	if !r.worthAsking(request, state) {
		return Answer{}, false
	}
	version, cached, found := r.cached(ctx, request.Series)
	if !found || version != state.Version {
		return Answer{}, false
	}
	// The version says already that these are the archive's bars. The last start guards against a database that was replaced
	// by another whose version is the same by chance.
	if n := cached.Len(); n == 0 || cached.TS[n-1] != state.Newest.Unix() {
		return Answer{}, false
	}
	return exact(cached, request, state, FromCache)
}

// exact answers from the newest bars of a series; false when bars that belong into the answer may be older than these.
func exact(cached *market.Candles, request Request, state market.SeriesState, source Source) (Answer, bool) {
	inside := cached.In(request.Window)
	whole := int64(cached.Len()) == state.Count
	switch {
	case whole || !request.Window.From.Before(cached.At(0).Start): // every bar of the window is cached
		return limited(inside, request, source), true
	case !request.Newest:
		return Answer{}, false
	case inside.Len() > request.Limit:
		return limited(inside, request, source), true
	case inside.Len() == request.Limit && !request.Window.From.After(state.Oldest):
		// The series has older bars, and the window holds at least the oldest of them.
		return Answer{Bars: inside, Source: source, More: true}, true
	}
	return Answer{}, false
}

// worthAsking tells whether the cache can have the answer at all; reading it in vain would cost a round trip.
func (r *Reader) worthAsking(request Request, state market.SeriesState) bool {
	if r.Cache == nil {
		return false
	}
	if state.Count > int64(r.CacheBars) {
		if request.Newest && request.Limit > r.CacheBars {
			return false
		}
		if !request.Newest && !request.Window.From.After(state.Oldest) {
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.Now().Before(r.paused)
}

// cached reads the cache within its bound. A cache that fails or is slow is left alone for a while, so that it delays one
// request and not every one.
func (r *Reader) cached(ctx context.Context, series market.Series) (int64, *market.Candles, bool) {
	bounded, cancel := context.WithTimeout(ctx, r.CacheTimeout)
	defer cancel()
	version, bars, found, err := r.Cache.Newest(bounded, series)
	if err == nil {
		return version, bars, found && bars != nil
	}
	if ctx.Err() == nil { // else the caller has gone, which says nothing about the cache
		r.pause()
		r.Logger.WarnContext(ctx, "cache not read, the archive answers", "series", series.String(), "error", err,
			"pause", r.CachePause)
	}
	return 0, nil, false
}

func (r *Reader) pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paused = r.Now().Add(r.CachePause)
}
