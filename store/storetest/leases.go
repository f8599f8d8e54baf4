package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"barkeep/store"
)

// Leases is the suite of whatever keeps leases.
type Leases struct {
	Now func() time.Time
	// Fresh makes n clients that share them, as n processes do.
	Fresh func(t *testing.T, n int) []store.Leases
}

// Run runs the suite. Every test is parallel.
func (s Leases) Run(t *testing.T) {
	t.Helper()
	for name, test := range map[string]func(*testing.T){
		"leases: one token has it until it gives it back": s.testLeaseIsExclusive,
		"leases: a race has one winner":                   s.testLeaseRace,
		"leases: that of the dead runs out":               s.testLeaseRunsOut,
		"leases: extended beyond their length":            s.testLeaseIsExtended,
		"leases: a caller that gave up has none":          s.testLeaseOfNobody,
		"leases: what cannot be one is refused":           s.testLeaseRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// wantLease checks the answer of Acquire or Extend.
func wantLease(t *testing.T, what string, want, got bool, err error) {
	t.Helper()
	if got != want || err != nil {
		t.Errorf("%s: %v, %v, want %v", what, got, err, want)
	}
}

func (s Leases) testLeaseIsExclusive(t *testing.T) {
	ctx, all, name := t.Context(), s.Fresh(t, 2), "lease "+rand.Text()
	a, b := all[0], all[1]
	won, err := a.Acquire(ctx, name, "a", time.Minute)
	wantLease(t, "acquire", true, won, err)
	won, err = b.Acquire(ctx, name, "b", time.Minute)
	wantLease(t, "acquire what another has", false, won, err)
	won, err = b.Acquire(ctx, name, "a", time.Minute)
	wantLease(t, "acquire again with the same token", true, won, err)
	won, err = b.Acquire(ctx, name+" too", "b", time.Minute)
	wantLease(t, "acquire another name", true, won, err)

	still, err := a.Extend(ctx, name, "a", time.Minute)
	wantLease(t, "extend", true, still, err)
	still, err = b.Extend(ctx, name, "b", time.Minute)
	wantLease(t, "extend what another has", false, still, err)
	if err := b.Release(ctx, name, "b"); err != nil {
		t.Errorf("release what another has: %v", err)
	}
	won, err = b.Acquire(ctx, name, "b", time.Minute)
	wantLease(t, "acquire after a release by the wrong token", false, won, err)

	for range 2 {
		if err := a.Release(ctx, name, "a"); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	still, err = a.Extend(ctx, name, "a", time.Minute)
	wantLease(t, "extend what was given back", false, still, err)
	won, err = b.Acquire(ctx, name, "b", time.Minute)
	wantLease(t, "acquire what was given back", true, won, err)
	if err := a.Release(ctx, name, "a"); err != nil {
		t.Errorf("release late: %v", err)
	}
	still, err = b.Extend(ctx, name, "b", time.Minute)
	wantLease(t, "extend after the release of the holder before", true, still, err)
}

func (s Leases) testLeaseRace(t *testing.T) {
	all, name := s.Fresh(t, 3), "race "+rand.Text()
	for round := range 5 {
		var mu sync.Mutex
		var winners []string
		var racers sync.WaitGroup
		for i := range 18 {
			racers.Go(func() {
				token := fmt.Sprint(round, " ", i)
				won, err := all[i%3].Acquire(t.Context(), name, token, time.Minute)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				if won {
					mu.Lock()
					winners = append(winners, token)
					mu.Unlock()
				}
			})
		}
		racers.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d was won by %q", round, winners)
		}
		if err := all[0].Release(t.Context(), name, winners[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// heir acquires a lease as soon as it is free.
func (s Leases) heir(t *testing.T, leases store.Leases, name, token string) {
	t.Helper()
	for deadline := s.Now().Add(20 * time.Second); s.Now().Before(deadline); {
		won, err := leases.Acquire(t.Context(), name, token, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if won {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("%s does not run out", name)
}

func (s Leases) testLeaseRunsOut(t *testing.T) {
	ctx, all, name := t.Context(), s.Fresh(t, 2), "dead "+rand.Text()
	began := s.Now()
	won, err := all[0].Acquire(ctx, name, "dead", 300*time.Millisecond)
	wantLease(t, "acquire", true, won, err)
	s.heir(t, all[1], name, "heir")
	if took := s.Now().Sub(began); took < 300*time.Millisecond {
		t.Errorf("a lease of 300ms ran out after %s", took)
	}
	// The dead one wakes up.
	still, err := all[0].Extend(ctx, name, "dead", time.Minute)
	wantLease(t, "extend what ran out", false, still, err)
	if err := all[0].Release(ctx, name, "dead"); err != nil {
		t.Errorf("release what ran out: %v", err)
	}
	still, err = all[1].Extend(ctx, name, "heir", time.Minute)
	wantLease(t, "extend as the heir", true, still, err)
}

func (s Leases) testLeaseIsExtended(t *testing.T) {
	ctx, all, name := t.Context(), s.Fresh(t, 2), "kept "+rand.Text()
	won, err := all[0].Acquire(ctx, name, "a", 5*time.Second)
	wantLease(t, "acquire", true, won, err)
	still, err := all[0].Extend(ctx, name, "a", time.Hour)
	wantLease(t, "extend", true, still, err)
	<-time.After(5500 * time.Millisecond)
	won, err = all[1].Acquire(ctx, name, "b", time.Minute)
	wantLease(t, "acquire what was extended", false, won, err)
	still, err = all[0].Extend(ctx, name, "a", 50*time.Millisecond)
	wantLease(t, "extend to an earlier end", true, still, err)
	s.heir(t, all[1], name, "b")
}

func (s Leases) testLeaseOfNobody(t *testing.T) {
	leases, name := s.Fresh(t, 1)[0], "nobody's "+rand.Text()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if won, err := leases.Acquire(ctx, name, "a", time.Minute); won || !errors.Is(err, context.Canceled) {
		t.Errorf("acquire without a caller: %v, %v", won, err)
	}
	won, err := leases.Acquire(t.Context(), name, "b", time.Minute)
	wantLease(t, "acquire", true, won, err)
}

func (s Leases) testLeaseRefused(t *testing.T) {
	leases, ctx := s.Fresh(t, 1)[0], t.Context()
	for _, c := range []struct {
		name, token string
		ttl         time.Duration
	}{{"", "a", time.Minute}, {"x", "", time.Minute}, {"x", "a", 0}, {"x", "a", -time.Second}, {"x", "a", time.Microsecond}} {
		if won, err := leases.Acquire(ctx, c.name, c.token, c.ttl); won || err == nil {
			t.Errorf("Acquire(%q, %q, %s) was accepted", c.name, c.token, c.ttl)
		}
		if still, err := leases.Extend(ctx, c.name, c.token, c.ttl); still || err == nil {
			t.Errorf("Extend(%q, %q, %s) was accepted", c.name, c.token, c.ttl)
		}
	}
}
