// Package failover decides where leases and budgets are kept: in Redis where there is one, and in the database where there is
// none or while it does not answer.
//
// The database counts every request: it is shared, and outlives restarts and a Redis that forgets. While it does not answer no
// request is granted, since nothing could be stored either. Redis counts and paces beside it, because more workers may share the
// Redis than share the database: those behind one address that keep different archives. The moment that Redis grants is the
// earliest one that the database may grant, and of two counts the larger one counts. Without Redis, and while it does not answer,
// the database paces alone. Each process keeps a day of its own beside both.
package failover

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"barkeep/store"
)

// pause is how long Redis is left alone after a call failed: a server that drops packets costs seconds a call.
const pause = 10 * time.Second

// Store keeps leases and budgets. Redis and the database both do.
type Store interface {
	store.Leases
	store.Budgets
}

// Database is what a database keeps beside that.
type Database interface {
	Store
	store.Allowances
}

// Config says what there is.
type Config struct {
	Redis    Store            // nil without one
	Database Database         // required
	Now      func() time.Time // the machine's clock, also in a replay; required
	Logger   *slog.Logger     // required
}

// Shared is what all processes share. Its methods may be called by several goroutines at once.
type Shared struct {
	redis    Store // nil without one
	database Database
	now      func() time.Time
	log      *slog.Logger

	mu    sync.Mutex
	until time.Time      // Redis is left alone until then
	away  bool           // Redis did not answer last
	held  map[lease]bool // leases that Redis granted
}

// New makes what is shared.
func New(c Config) (*Shared, error) {
	if c.Database == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("failover: Database, Now and Logger are required")
	}
	return &Shared{redis: c.Redis, database: c.Database, now: c.Now, log: c.Logger, held: map[lease]bool{}}, nil
}

// inRedis calls Redis and tells whether it answered. If it did not, the caller turns to the database; the error is then that of
// Redis, or nil when it was not called.
func (s *Shared) inRedis(ctx context.Context, call func(Store) error) (answered bool, err error) {
	if s.redis == nil || !s.worthTrying() {
		return false, nil
	}
	err = call(s.redis)
	if err == nil || errors.Is(err, store.ErrDayIsSpent) {
		s.answered(ctx)
		return true, err
	}
	if ctx.Err() == nil {
		s.failed(ctx, err)
	}
	return false, err
}

func (s *Shared) worthTrying() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.now().Before(s.until)
}

func (s *Shared) answered(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		s.away = false
		s.log.InfoContext(ctx, "redis answers again, it keeps leases and the budget")
	}
}

func (s *Shared) failed(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.now().Add(pause)
	if !s.away {
		s.away = true
		s.log.WarnContext(ctx, "redis does not answer, the database keeps leases and the budget", "error", err)
	}
}
