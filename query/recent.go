package query

import (
	"sync"

	"barkeep/market"
)

// recent keeps in this process what the archive answered lately: the newest bars of some series, each with the version of the
// series that they are of. Charts ask for the same bars again and again, and reading a thousand rows costs more than all else.
type recent struct {
	most int // series

	mu   sync.Mutex
	kept map[market.Series]versioned
}

// versioned are the newest bars of a series as of a version of it. The bars are not changed.
type versioned struct {
	version int64
	bars    *market.Candles
}

// get finds the bars of a series as of a version.
func (r *recent) get(series market.Series, version int64) (*market.Candles, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.kept[series]
	return found.bars, ok && found.version == version
}

// put keeps the bars of a series, unless more of the same version are there. When there are too many series, any other goes.
func (r *recent) put(series market.Series, version int64, bars *market.Candles) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.kept[series]
	if ok && old.version == version && old.bars.Len() >= bars.Len() {
		return
	}
	for other := range r.kept {
		if ok || len(r.kept) < r.most {
			break
		}
		delete(r.kept, other)
	}
	r.kept[series] = versioned{version, bars}
}
