package failover_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/failover"
)

// memory keeps leases and budgets in memory, as Redis and the database do.
type memory struct {
	mu    sync.Mutex
	err   error // every call fails with it
	hangs bool  // every call waits until its ctx ends
	calls int
	held  map[string]string
	next  time.Time
	days  map[int64]int
	spent map[string]int
	off   time.Duration // how far the server's clock is ahead
}

func (m *memory) call(ctx context.Context) error {
	m.mu.Lock()
	m.calls++
	err, hangs := m.err, m.hangs
	m.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) Acquire(ctx context.Context, name, token string, _ time.Duration) (bool, error) {
	if err := m.call(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[name] == "" {
		m.held[name] = token
	}
	return m.held[name] == token, nil
}

func (m *memory) Extend(ctx context.Context, name, token string, _ time.Duration) (bool, error) {
	err := m.call(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	return err == nil && m.held[name] == token, err
}

func (m *memory) Release(ctx context.Context, name, token string) error {
	err := m.call(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.held[name] == token {
		delete(m.held, name)
	}
	return err
}

func (m *memory) Take(ctx context.Context, _ string, l store.Limits, ask store.TakeRequest) (store.Grant, error) {
	if err := m.call(ctx); err != nil {
		return store.Grant{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	slot := m.now().Add(ask.After)
	if m.next.After(slot) {
		slot = m.next
	}
	day := slot.Unix() / 86400
	m.days[ask.Known.Day] = max(m.days[ask.Known.Day], ask.Known.Used)
	if l.PerDay > 0 && m.days[day] >= l.PerDay {
		return store.Grant{Wait: time.Unix((day+1)*86400, 0).Sub(m.now()), Count: store.Count{Day: day, Used: m.days[day]}}, store.ErrDayIsSpent
	}
	m.days[day]++
	m.next = slot.Add(l.Spacing())
	return store.Grant{Wait: slot.Sub(m.now()), Count: store.Count{Day: day, Used: m.days[day]}}, nil
}

func (m *memory) Remaining(ctx context.Context, _ string, l store.Limits) (int, error) {
	if err := m.call(ctx); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.PerDay - m.days[m.now().Unix()/86400], nil
}

func (m *memory) Spend(ctx context.Context, name string, most int) (bool, error) {
	if err := m.call(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.spent[name] >= most {
		return false, nil
	}
	m.spent[name]++
	return true, nil
}

// now is the server's clock.
func (m *memory) now() time.Time { return time.Now().Add(m.off) }

// today is what the server counts of its current day.
func (m *memory) today() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.days[m.now().Unix()/86400]
}

// forget loses what the server kept of the budget.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.days, m.next = map[int64]int{}, time.Time{}
}

func newMemory() *memory {
	return &memory{held: map[string]string{}, days: map[int64]int{}, spent: map[string]int{}}
}

// world is a Redis and a database in memory, on simulated time.
type world struct {
	redis, database *memory
	log             bytes.Buffer
}

func newWorld() *world {
	return &world{redis: newMemory(), database: newMemory()}
}

// process is one more process of the world.
func (w *world) process(t *testing.T) *failover.Shared {
	t.Helper()
	return w.processAt(t, time.Now)
}

// processAt is a process with a clock of its own.
func (w *world) processAt(t *testing.T, now func() time.Time) *failover.Shared {
	t.Helper()
	shared, err := failover.New(failover.Config{
		Redis: w.redis, Database: w.database, Now: now, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return shared
}
