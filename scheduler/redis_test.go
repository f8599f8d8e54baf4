package scheduler_test

import (
	"context"
	"sync"
	"time"

	"barkeep/ledger"
)

// keys is a Redis in memory.
type keys struct {
	clock func() time.Time
	mu    sync.Mutex
	held  map[ledger.Slot]entry
}

type entry struct {
	ledger.Marker
	until time.Time
}

func newKeys(clock func() time.Time) *keys { return &keys{clock: clock, held: map[ledger.Slot]entry{}} }

// flush loses everything.
func (k *keys) flush() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.held)
}

func (k *keys) get(slot ledger.Slot) (ledger.Marker, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.look(slot)
}

func (k *keys) look(slot ledger.Slot) (ledger.Marker, bool) {
	e, ok := k.held[slot]
	if ok && !e.until.After(k.clock()) {
		delete(k.held, slot)
		ok = false
	}
	return e.Marker, ok
}

func (k *keys) set(slot ledger.Slot, m ledger.Marker, ttl time.Duration) {
	k.held[slot] = entry{m, k.clock().Add(ttl)}
}

// change does something with the marker if it bears the token and is no done one.
func (k *keys) change(slot ledger.Slot, token string, do func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.look(slot)
	if !ok || m.Token != token || m.State == ledger.MarkerDone {
		return false
	}
	do()
	return true
}

// markerPort is the keys as one process reaches them.
type markerPort struct {
	*keys
	hook hook
}

func (p markerPort) Get(ctx context.Context, slot ledger.Slot) (m ledger.Marker, ok bool, err error) {
	err = p.hook.around(ctx, "redis get", func() { m, ok = p.get(slot) })
	return m, ok, err
}

func (p markerPort) Claim(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (won bool, m ledger.Marker, err error) {
	err = p.hook.around(ctx, "redis claim", func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		held, ok := p.look(slot)
		if won = !ok || held.Token == lease.Token; !ok {
			p.set(slot, lease, ttl)
		}
		m = held
	})
	return won && err == nil, m, err
}

func (p markerPort) Extend(ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration) (still bool, err error) {
	err = p.hook.around(ctx, "redis extend", func() {
		still = p.change(slot, lease.Token, func() { p.set(slot, lease, ttl) })
	})
	return still && err == nil, err
}

func (p markerPort) Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error {
	return p.hook.around(ctx, "redis done", func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.set(slot, done, ttl)
	})
}

func (p markerPort) Release(ctx context.Context, slot ledger.Slot, token string) error {
	return p.hook.around(ctx, "redis release", func() { p.change(slot, token, func() { delete(p.held, slot) }) })
}
