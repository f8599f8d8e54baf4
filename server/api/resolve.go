package api

import (
	"sync"

	"barkeep/market"
)

// mostResolved is how many spellings of instruments are remembered.
const mostResolved = 4096

// resolved remembers what instruments were read from texts: the zone and the hours of each are read from tables, for every
// request anew otherwise. Refusals are not remembered.
type resolved struct {
	resolve func(text string) (market.Instrument, error)

	mu    sync.Mutex
	known map[string]market.Instrument
}

func (r *resolved) find(text string) (market.Instrument, error) {
	r.mu.Lock()
	found, ok := r.known[text]
	r.mu.Unlock()
	if ok {
		return found, nil
	}
	found, err := r.resolve(text)
	if err != nil {
		return found, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= mostResolved { // somebody tries all there are
		clear(r.known)
	}
	r.known[text] = found
	return found, nil
}
