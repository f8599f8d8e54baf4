package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/store"
)

const (
	// dayLength is a UTC day in microseconds.
	dayLength = 86_400_000_000
	// takeAttempts is how many moments are given up before the database counts as too slow to keep time by.
	takeAttempts = 3
)

// errLate means that the database took longer than store.MaxDelay.
var errLate = fmt.Errorf("the answer takes longer than %s", store.MaxDelay)

// Take reserves the next free moment of the named budget for one request; see store.Budgets. A moment whose answer takes too
// long is given up, and counts all the same.
func (s *Store) Take(ctx context.Context, name string, limits store.Limits, after time.Duration) (wait time.Duration, err error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return 0, err
	}
	for range takeAttempts {
		err = s.db.Direct(ctx, func(q Querier) error {
			// Here SQLite's file is ours already: another process that writes for long makes no answer late.
			brief, cancel := context.WithTimeoutCause(ctx, store.MaxDelay, errLate)
			defer cancel()
			wait, err = s.take(brief, q, name, limits, max(0, after))
			if errors.Is(context.Cause(brief), errLate) && !errors.Is(err, store.ErrDayIsSpent) {
				return errLate
			}
			return err
		})
		if ctx.Err() != nil || !(errors.Is(err, errLate) || s.d.Contended(err)) {
			break
		}
	}
	if err != nil {
		return wait, fmt.Errorf("take from budget %s: %w", name, err)
	}
	return wait, nil
}

// take reserves a moment by the generic cell rate algorithm with a burst of 1, in one statement: next is when the following
// one begins. The day is that of the reserved moment.
func (s *Store) take(
	ctx context.Context, q Querier, name string, limits store.Limits, after time.Duration,
) (wait time.Duration, err error) {
	const slot = `(CASE WHEN excluded.next - $3 > budgets.next THEN excluded.next - $3 ELSE budgets.next END)`
	var left int64
	found, err := one(ctx, q, `
		INSERT INTO budgets (name, next, day, used)
		VALUES ($1, `+s.d.NowMicros+` + CAST($2 AS bigint) + CAST($3 AS bigint),
			(`+s.d.NowMicros+` + CAST($2 AS bigint)) / 86400000000, 1)
		ON CONFLICT (name) DO UPDATE SET
			next = `+slot+` + $3,
			day = `+slot+` / 86400000000,
			used = CASE WHEN `+slot+` / 86400000000 = budgets.day THEN budgets.used + 1 ELSE 1 END
		WHERE CAST($4 AS bigint) = 0 OR `+slot+` / 86400000000 <> budgets.day OR budgets.used < CAST($4 AS bigint)
		RETURNING next - CAST($3 AS bigint) - `+s.d.NowMicros,
		[]any{name, micros(after), limits.Spacing().Microseconds(), limits.PerDay}, []any{&left})
	if err != nil || found {
		return max(0, time.Duration(left)*time.Microsecond), err
	}
	day, _, now, err := s.usage(ctx, q, name)
	if err != nil {
		return 0, err
	}
	return time.Duration((day+1)*dayLength-now) * time.Microsecond, fmt.Errorf("%w: all %d", store.ErrDayIsSpent, limits.PerDay)
}

// Remaining is how many requests are left of the current UTC day; -1 without a bound.
func (s *Store) Remaining(ctx context.Context, name string, limits store.Limits) (int, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return 0, err
	}
	if limits.PerDay == 0 {
		return -1, nil
	}
	day, used, now, err := s.usage(ctx, s.db, name)
	if err != nil {
		return 0, fmt.Errorf("read budget %s: %w", name, err)
	}
	if day != now/dayLength {
		used = 0
	}
	return max(0, limits.PerDay-int(used)), nil
}

// usage reads the day that a budget counts, in days since 1970, how much of it is used, and what time it is, in microseconds;
// nothing but zeros for a budget that was never used.
func (s *Store) usage(ctx context.Context, q Querier, name string) (day, used, now int64, err error) {
	_, err = one(ctx, q, `SELECT day, used, `+s.d.NowMicros+` FROM budgets WHERE name = $1`,
		[]any{name}, []any{&day, &used, &now})
	return day, used, now, err
}
