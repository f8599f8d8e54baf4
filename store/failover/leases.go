package failover

import (
	"context"
	"time"
)

// lease is one that was granted.
type lease struct{ name, token string }

// Acquire takes the lease of a name; see store.Leases. While Redis does not answer, the database grants it, also one that Redis
// granted before to another process: leases save requests, and what is written is right without them.
func (s *Shared) Acquire(ctx context.Context, name, token string, ttl time.Duration) (won bool, err error) {
	answered, err := s.inRedis(ctx, func(redis Store) (err error) {
		won, err = redis.Acquire(ctx, name, token, ttl)
		return err
	})
	switch {
	case answered:
		if won {
			s.remember(lease{name, token})
		}
		return won, err
	case ctx.Err() != nil && err != nil:
		return false, err
	}
	return s.database.Acquire(ctx, name, token, ttl)
}

// Extend lets a lease that has this token live for another ttl, where it was granted.
func (s *Shared) Extend(ctx context.Context, name, token string, ttl time.Duration) (still bool, err error) {
	return s.granter(lease{name, token}, false).Extend(ctx, name, token, ttl)
}

// Release gives the lease back where it was granted, if it has this token; else it does nothing.
func (s *Shared) Release(ctx context.Context, name, token string) error {
	return s.granter(lease{name, token}, true).Release(ctx, name, token)
}

func (s *Shared) remember(l lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[l] = true
}

// granter is who granted a lease. With forget it is not known any more.
func (s *Shared) granter(l lease, forget bool) Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	inRedis := s.held[l]
	if forget {
		delete(s.held, l)
	}
	if inRedis {
		return s.redis
	}
	return s.database
}
