package scheduler

import "sync"

// recentMost is how many keys a process remembers: those of months, with any number of slots a day that makes sense.
const recentMost = 1024

// recent remembers the values of the newest keys. What it forgets costs a question to the ledger, or a notice told twice.
type recent[K comparable, V any] struct {
	mu     sync.Mutex
	most   int
	values map[K]V
	order  []K // the oldest first
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, values: map[K]V{}}
}

// get is the value of a key, or the zero one.
func (r *recent[K, V]) get(key K) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values[key]
}

// change sets the value of a key to what becomes of it, in one step. It returns the value before.
func (r *recent[K, V]) change(key K, become func(V) V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, known := r.values[key]
	if !known {
		if len(r.order) >= r.most {
			delete(r.values, r.order[0])
			r.order = r.order[1:]
		}
		r.order = append(r.order, key)
	}
	r.values[key] = become(old)
	return old
}

// set remembers a value.
func (r *recent[K, V]) set(key K, value V) {
	r.change(key, func(V) V { return value })
}

// where lists the keys whose values fit, the oldest first.
func (r *recent[K, V]) where(fits func(V) bool) []K {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []K
	for _, key := range r.order {
		if fits(r.values[key]) {
			keys = append(keys, key)
		}
	}
	return keys
}
