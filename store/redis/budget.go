package redis

import (
	"context"
	"fmt"
	"time"

	"barkeep/store"
)

// takeScript reserves the next moment of a budget by the generic cell rate algorithm with a burst of 1: next is when the
// following one begins. The day is that of the reserved moment, and has a field of its own; day and used are what the previous
// release counts of the newest one. All times are the server's, in microseconds.
// ARGV: spacing, perDay (0: none), after, horizon, and what the caller is certain of though Redis may have forgotten it: next,
// day and used.
const takeScript = `
local day_length = 86400000000
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local spacing, per_day, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local function whole(n) return string.format('%.0f', n) end
local kept = redis.call('HMGET', KEYS[1], 'next', 'day', 'used')
local asked = now + tonumber(ARGV[3])
local function near(n) return n <= asked + horizon and n or 0 end
local slot = math.max(asked, near(tonumber(kept[1] or '0')), near(tonumber(ARGV[5])))
local day = math.floor(slot / day_length)
if (day + 1) * day_length - slot <= 1000000 then -- store.DayEnd
  day = day + 1
  slot = day * day_length
end
local field = 'day:' .. whole(day)
local used = tonumber(redis.call('HGET', KEYS[1], field) or '0')
if tonumber(kept[2] or '0') == day then used = math.max(used, tonumber(kept[3] or '0')) end
if tonumber(ARGV[6]) == day then used = math.max(used, tonumber(ARGV[7])) end
if per_day > 0 and used >= per_day then
  return {0, (day + 1) * day_length - now, slot, day, used}
end
used = used + 1
if used == 1 then
  for _, old in ipairs(redis.call('HKEYS', KEYS[1])) do
    local of = tonumber(string.match(old, '^day:(%d+)$'))
    if of and of < day - 7 then redis.call('HDEL', KEYS[1], old) end
  end
end
redis.call('HSET', KEYS[1], 'next', whole(slot + spacing), 'day', whole(day), 'used', whole(used), field, whole(used))
redis.call('PEXPIRE', KEYS[1], whole(math.ceil((slot + spacing + 2 * day_length - now) / 1000)))
return {1, slot - now, slot, day, used}`

// usageScript returns the server's current day, what is kept of it, and the day and number that the previous release kept last.
// One script reads all of it on the server that keeps the budget: each node of a cluster has its own clock.
const usageScript = `
local t = redis.call('TIME')
local day = string.format('%.0f', math.floor(t[1] / 86400))
local kept = redis.call('HMGET', KEYS[1], 'day:' .. day, 'day', 'used')
return {tonumber(day), tonumber(kept[1] or '0'), tonumber(kept[2] or '0'), tonumber(kept[3] or '0')}`

// takeAttempts is how many moments are given up before Redis counts as too slow to be used.
const takeAttempts = 3

// grant is the answer of takeScript.
type grant struct {
	ok          bool
	wait        time.Duration // until the request may be sent, or when not ok until the next day
	slot        int64         // when that is by the server's clock, µs since 1970
	store.Count               // of the slot's day, this request included
}

// Take reserves the next free moment of the named budget for one request; see store.Budgets. When Redis does not
// answer, or too slowly to keep time by, the error wraps ErrUnavailable.
//
// The client sends along the furthest state that it saw, so that a Redis that lost its data goes on from there.
func (c *Client) Take(ctx context.Context, name string, limits store.Limits, request store.TakeRequest) (store.Grant, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return store.Grant{}, err
	}
	for range takeAttempts {
		began := c.now()
		g, err := c.reserve(ctx, name, limits, request)
		grant := store.Grant{Wait: g.wait, Count: g.Count}
		switch {
		case err != nil:
			return store.Grant{}, err
		case !g.ok:
			return grant, fmt.Errorf("budget %s: %w: all %d", name, store.ErrDayIsSpent, limits.PerDay)
		case c.now().Sub(began) <= store.MaxDelay:
			return grant, nil
		}
	}
	return store.Grant{}, fmt.Errorf("budget %s: %w: its answers take longer than %s", name, ErrUnavailable, store.MaxDelay)
}

// Remaining is how many requests are left of the current UTC day, -1 without a bound. The error wraps ErrUnavailable.
func (c *Client) Remaining(ctx context.Context, name string, limits store.Limits) (int, error) {
	if err := store.CheckBudget(name, limits); err != nil {
		return 0, err
	}
	if limits.PerDay == 0 {
		return -1, nil
	}
	answer, err := c.numbers(ctx, "read budget "+name, 4, func(ctx context.Context) ([]int64, error) {
		return c.scripts.usage.Run(ctx, c.client, c.budgetKey(name)).Int64Slice()
	})
	if err != nil {
		return 0, err
	}
	today, used := answer[0], int(answer[1])
	if answer[2] == today {
		used = max(used, int(answer[3]))
	}
	if seen := c.lastSeen(name); seen.Day == today {
		used = max(used, seen.Used)
	}
	return max(0, limits.PerDay-used), nil
}

// reserve runs takeScript and remembers what it learned.
func (c *Client) reserve(ctx context.Context, name string, limits store.Limits, request store.TakeRequest) (grant, error) {
	c.learn(name, grant{Count: request.Known})
	seen, next := c.lastSeen(name), int64(0)
	if seen.slot > 0 {
		next = seen.slot + limits.Spacing().Microseconds()
	}
	answer, err := c.numbers(ctx, "take from budget "+name, 5, func(ctx context.Context) ([]int64, error) {
		return c.scripts.take.Run(ctx, c.client, c.budgetKey(name), limits.Spacing().Microseconds(), limits.PerDay,
			max(0, request.After).Microseconds(), limits.Horizon().Microseconds(), next, seen.Day, seen.Used).Int64Slice()
	})
	if err != nil {
		return grant{}, err
	}
	g := grant{
		ok: answer[0] == 1, wait: time.Duration(answer[1]) * time.Microsecond, slot: answer[2],
		Count: store.Count{Day: answer[3], Used: int(answer[4])},
	}
	c.learn(name, g)
	return g, nil
}

// numbers runs a script that answers n numbers.
func (c *Client) numbers(
	ctx context.Context, what string, n int, run func(context.Context) ([]int64, error),
) (answer []int64, err error) {
	err = c.call(ctx, what, func(ctx context.Context) (err error) {
		answer, err = run(ctx)
		if err == nil && len(answer) != n {
			err = fmt.Errorf("the script answered %d numbers instead of %d", len(answer), n)
		}
		return err
	})
	return answer, err
}

// lastSeen is the furthest state of a budget that this process knows of.
func (c *Client) lastSeen(name string) grant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[name]
}

// learn keeps the furthest of what the answers said; they may arrive out of order.
func (c *Client) learn(name string, g grant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen[name]
	if g.ok && g.slot > seen.slot {
		seen.slot = g.slot
	}
	if g.Day > seen.Day || (g.Day == seen.Day && g.Used > seen.Used) {
		seen.Count = g.Count
	}
	c.seen[name] = seen
}

// budgetKey is the one key that a budget has.
func (c *Client) budgetKey(name string) []string { return []string{c.key("budget", name)} }
