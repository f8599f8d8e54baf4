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
// long is given up.
func (s *Store) Take(
	ctx context.Context, name string, limits store.Limits, request store.TakeRequest,
) (grant store.Grant, err error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return store.Grant{}, err
	}
	for range takeAttempts {
		grant, err = s.takeOnce(ctx, name, limits, request)
		if ctx.Err() != nil || !(errors.Is(err, errLate) || s.d.Contended(err)) {
			break
		}
	}
	if err != nil {
		return grant, fmt.Errorf("take from budget %s: %w", name, err)
	}
	return grant, nil
}

// takeOnce takes a moment in one transaction. A moment that was committed too late counts, and is given up.
func (s *Store) takeOnce(
	ctx context.Context, name string, limits store.Limits, request store.TakeRequest,
) (grant store.Grant, err error) {
	brief, cancel := ctx, context.CancelFunc(func() {})
	defer func() { cancel() }()
	err = s.db.Write(ctx, func(q Querier) error {
		// Here SQLite's file is ours already: another process that writes for long makes no answer late.
		brief, cancel = context.WithTimeoutCause(ctx, store.MaxDelay, errLate)
		grant, err = s.take(brief, q, name, limits, request)
		return err
	})
	if errors.Is(context.Cause(brief), errLate) && !errors.Is(err, store.ErrDayIsSpent) {
		return grant, errLate
	}
	return grant, err
}

// take reserves a moment by the generic cell rate algorithm with a burst of 1: next is when the following one begins. The day
// is that of the reserved moment. The row of the budget is locked meanwhile.
func (s *Store) take(
	ctx context.Context, q Querier, name string, limits store.Limits, request store.TakeRequest,
) (grant store.Grant, err error) {
	if _, err := q.Exec(ctx, `INSERT INTO budgets (name, next, day, used) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO NOTHING`,
		name); err != nil {
		return store.Grant{}, err
	}
	var next, day, used, now int64
	if _, err := one(ctx, q, `SELECT next, day, used FROM budgets WHERE name = $1`+s.d.ForUpdate,
		[]any{name}, []any{&next, &day, &used}); err != nil {
		return store.Grant{}, err
	}
	if _, err := one(ctx, q, `SELECT `+s.d.NowMicros, nil, []any{&now}); err != nil { // after the row was waited for
		return store.Grant{}, err
	}
	asked := now + micros(max(0, request.After))
	slot := max(asked, next)
	if slot > asked+limits.Horizon().Microseconds() {
		slot = asked
	}
	if next := (slot/dayLength + 1) * dayLength; next-slot <= store.DayEnd.Microseconds() {
		slot = next
	}
	grant = store.Grant{Wait: time.Duration(slot-now) * time.Microsecond, Count: store.Count{Day: slot / dayLength}}
	counted, err := s.counted(ctx, q, name, grant.Count.Day)
	if err != nil {
		return store.Grant{}, err
	}
	if day == grant.Count.Day { // as the previous release counts
		counted = max(counted, used)
	}
	if request.Known.Day == grant.Count.Day {
		counted = max(counted, int64(request.Known.Used))
	}
	if limits.PerDay > 0 && counted >= int64(limits.PerDay) {
		grant.Count.Used, grant.Wait = int(counted), time.Duration((grant.Count.Day+1)*dayLength-now)*time.Microsecond
		return grant, fmt.Errorf("%w: all %d", store.ErrDayIsSpent, limits.PerDay)
	}
	grant.Count.Used = int(counted) + 1
	return grant, s.keep(ctx, q, name, slot+limits.Spacing().Microseconds(), grant.Count)
}

// keep writes when the next request may be sent, and what its day has seen.
func (s *Store) keep(ctx context.Context, q Querier, name string, next int64, count store.Count) error {
	if _, err := q.Exec(ctx, `UPDATE budgets SET next = $2, day = $3, used = $4 WHERE name = $1`,
		name, next, count.Day, count.Used); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `
		INSERT INTO budget_days (name, day, used) VALUES ($1, $2, $3)
		ON CONFLICT (name, day) DO UPDATE SET used = excluded.used`, name, count.Day, count.Used)
	return err
}

// counted is what a day has seen.
func (s *Store) counted(ctx context.Context, q Querier, name string, day int64) (used int64, err error) {
	_, err = one(ctx, q, `SELECT used FROM budget_days WHERE name = $1 AND day = $2`, []any{name, day}, []any{&used})
	return used, err
}

// Remaining is how many requests are left of the current UTC day; -1 without a bound.
func (s *Store) Remaining(ctx context.Context, name string, limits store.Limits) (int, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return 0, err
	}
	if limits.PerDay == 0 {
		return -1, nil
	}
	var used int64
	_, err := one(ctx, s.db, `
		SELECT max(used) FROM (
			SELECT used FROM budget_days WHERE name = $1 AND day = `+s.d.NowMicros+` / 86400000000
			UNION ALL SELECT used FROM budgets WHERE name = $1 AND day = `+s.d.NowMicros+` / 86400000000
			UNION ALL SELECT 0) AS counts`, []any{name}, []any{&used})
	if err != nil {
		return 0, fmt.Errorf("read budget %s: %w", name, err)
	}
	return max(0, limits.PerDay-int(used)), nil
}

// Spend takes one of so many requests that a name has for all time. False when there is none left; the error says why the
// database did not answer.
func (s *Store) Spend(ctx context.Context, name string, most int) (ok bool, err error) {
	var used int64
	err = s.db.Direct(ctx, func(q Querier) error {
		ok, err = one(ctx, q, `
			INSERT INTO budget_days (name, day, used) SELECT CAST($1 AS text), 0, 1 WHERE CAST($2 AS bigint) > 0
			ON CONFLICT (name, day) DO UPDATE SET used = budget_days.used + 1 WHERE budget_days.used < CAST($2 AS bigint)
			RETURNING used`, []any{name, most}, []any{&used})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take from allowance %s: %w", name, err)
	}
	return ok, nil
}

// SetBack moves the next free moment of a budget back that was reserved by a clock that is so much ahead; see store.Moments.
func (s *Store) SetBack(ctx context.Context, name string, ahead time.Duration) error {
	_, err := s.exec(ctx, `
		UPDATE budgets SET next = next - CAST($2 AS bigint) WHERE name = $1 AND next > `+s.d.NowMicros+` - CAST($2 AS bigint) / 2`,
		name, micros(ahead))
	if err != nil {
		return fmt.Errorf("set budget %s back by %s: %w", name, ahead, err)
	}
	return nil
}
