package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/store"
)

// Acquire takes the lease of a name for ttl (a millisecond or more) unless another token has it and its time is not over; a
// token that has it takes it again. It does not wait. After an error the lease may have been taken all the same.
func (s *Store) Acquire(ctx context.Context, name, token string, ttl time.Duration) (won bool, err error) {
	if err := store.CheckLease(name, token, ttl); err != nil {
		return false, err
	}
	n, err := s.exec(ctx, `
		INSERT INTO leases (name, token, until) VALUES ($1, $2, `+s.d.NowMicros+` + $3)
		ON CONFLICT (name) DO UPDATE SET token = excluded.token, until = excluded.until
		WHERE leases.token = excluded.token OR leases.until <= `+s.d.NowMicros, name, token, micros(ttl))
	if err != nil {
		return false, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	return n == 1, nil
}

// Extend lets a lease that has this token live for another ttl (a millisecond or more); false when it is over or another's.
func (s *Store) Extend(ctx context.Context, name, token string, ttl time.Duration) (still bool, err error) {
	if err := store.CheckLease(name, token, ttl); err != nil {
		return false, err
	}
	n, err := s.exec(ctx, `
		UPDATE leases SET until = `+s.d.NowMicros+` + $3 WHERE name = $1 AND token = $2 AND until > `+s.d.NowMicros,
		name, token, micros(ttl))
	if err != nil {
		return false, fmt.Errorf("extend lease %s: %w", name, err)
	}
	return n == 1, nil
}

// Release gives the lease back if it has this token; else it does nothing.
func (s *Store) Release(ctx context.Context, name, token string) error {
	if _, err := s.exec(ctx, `DELETE FROM leases WHERE name = $1 AND token = $2`, name, token); err != nil {
		return fmt.Errorf("release lease %s: %w", name, err)
	}
	return nil
}
