package gatetest

import (
	"context"
	"sync"
	"time"

	"barkeep/ledger"
)

// Markers is a Redis in memory.
type Markers struct {
	clock func() time.Time
	mu    sync.Mutex
	held  map[ledger.SlotID]entry
}

type entry struct {
	ledger.Marker
	until time.Time
}

// NewMarkers makes an empty Redis on a clock.
func NewMarkers(clock func() time.Time) *Markers {
	return &Markers{clock: clock, held: map[ledger.SlotID]entry{}}
}

// Flush loses everything.
func (k *Markers) Flush() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.held)
}

// Of is the marker of a slot; false when there is none.
func (k *Markers) Of(slot ledger.Slot) (ledger.Marker, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.look(slot)
}

func (k *Markers) look(slot ledger.Slot) (ledger.Marker, bool) {
	e, ok := k.held[slot.ID()]
	if ok && !e.until.After(k.clock()) {
		delete(k.held, slot.ID())
		ok = false
	}
	return e.Marker, ok
}

// Set writes a marker.
func (k *Markers) Set(slot ledger.Slot, m ledger.Marker, ttl time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set(slot, m, ttl)
}

func (k *Markers) set(slot ledger.Slot, m ledger.Marker, ttl time.Duration) {
	k.held[slot.ID()] = entry{m, k.clock().Add(ttl)}
}

// change does something with the marker if it bears the token and is no done one.
func (k *Markers) change(slot ledger.Slot, token string, do func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.look(slot)
	if !ok || m.Token != token || m.State == ledger.MarkerDone {
		return false
	}
	do()
	return true
}

// MarkerPort is the markers as one process reaches them.
type MarkerPort struct {
	markers *Markers
	hook    Hook
}

// NewMarkerPort leads to markers through a hook, which may be nil. The names of its operations begin with "redis".
func NewMarkerPort(markers *Markers, hook Hook) MarkerPort { return MarkerPort{markers, hook} }

// Get is that of gate.Markers: "redis get".
func (p MarkerPort) Get(ctx context.Context, slot ledger.Slot) (m ledger.Marker, ok bool, err error) {
	err = p.hook.around(ctx, "redis get", func() error { m, ok = p.markers.Of(slot); return nil })
	return m, ok, err
}

// Claim is that of gate.Markers: "redis claim".
func (p MarkerPort) Claim(
	ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration,
) (won bool, m ledger.Marker, err error) {
	err = p.hook.around(ctx, "redis claim", func() error {
		p.markers.mu.Lock()
		defer p.markers.mu.Unlock()
		held, ok := p.markers.look(slot)
		if won = !ok || held.Token == lease.Token; !ok {
			p.markers.set(slot, lease, ttl)
		}
		m = held
		return nil
	})
	return won && err == nil, m, err
}

// Extend is that of gate.Markers: "redis extend".
func (p MarkerPort) Extend(
	ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration,
) (still bool, err error) {
	err = p.hook.around(ctx, "redis extend", func() error {
		still = p.markers.change(slot, lease.Token, func() { p.markers.set(slot, lease, ttl) })
		return nil
	})
	return still && err == nil, err
}

// Done is that of gate.Markers: "redis done".
func (p MarkerPort) Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error {
	return p.hook.around(ctx, "redis done", func() error {
		p.markers.mu.Lock()
		defer p.markers.mu.Unlock()
		p.markers.set(slot, done, ttl)
		return nil
	})
}

// Release is that of gate.Markers: "redis release".
func (p MarkerPort) Release(ctx context.Context, slot ledger.Slot, token string) error {
	return p.hook.around(ctx, "redis release", func() error {
		p.markers.change(slot, token, func() { delete(p.markers.held, slot.ID()) })
		return nil
	})
}
