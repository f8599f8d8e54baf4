package query

import (
	"sync"

	"barkeep/market"
)

// Memory keeps in this process what was made of some series lately: of each one value, as of a version of the series. Charts ask
// for the same bars again and again, and reading and writing a thousand of them costs more than all else. Values are not changed.
type Memory[V any] struct {
	most int // series

	mu   sync.Mutex
	kept map[market.Series]versioned[V]
}

// versioned is a value as of a version of its series.
type versioned[V any] struct {
	version int64
	value   V
}

// NewMemory keeps values of at most so many series; of fewer than one it keeps nothing.
func NewMemory[V any](most int) *Memory[V] {
	return &Memory[V]{most: most, kept: map[market.Series]versioned[V]{}}
}

// Get finds the value of a series as of a version.
func (r *Memory[V]) Get(series market.Series, version int64) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.kept[series]
	return found.value, ok && found.version == version
}

// Peek finds the value of a series that is kept, whatever version it is as of.
func (r *Memory[V]) Peek(series market.Series) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.kept[series]
	return found.value, ok
}

// Put keeps the value of a series instead of any other. When there are too many series, one of them goes.
func (r *Memory[V]) Put(series market.Series, version int64, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.kept[series]
	for other := range r.kept {
		if known || len(r.kept) < r.most {
			break
		}
		delete(r.kept, other)
	}
	if r.most > 0 {
		r.kept[series] = versioned[V]{version, value}
	}
}
