package redis

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"barkeep/market"
)

// takeScript reserves the next slot of a budget by the generic cell rate algorithm with a burst of 1: next is when the
// following slot begins. The day is that of the slot, not of the question. All times are the server's, in microseconds.
// ARGV: interval, perDay (0: none), and what the asker saw last: next, day, used. Redis may have forgotten that.
const takeScript = `
local day_length = 86400000000
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, per_day = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'next', 'day', 'used')
local day, used = tonumber(kept[2] or '0'), tonumber(kept[3] or '0')
local seen_day, seen_used = tonumber(ARGV[4]), tonumber(ARGV[5])
if seen_day > day then
  day, used = seen_day, seen_used
elseif seen_day == day then
  used = math.max(used, seen_used)
end
local slot = math.max(now, tonumber(kept[1] or '0'), tonumber(ARGV[3]))
local slot_day = math.floor(slot / day_length)
if slot_day ~= day then day, used = slot_day, 0 end
if per_day > 0 and used >= per_day then
  return {0, (day + 1) * day_length - now, slot, day, used}
end
used = used + 1
redis.call('HSET', KEYS[1], 'next', string.format('%.0f', slot + interval), 'day', string.format('%.0f', day),
  'used', string.format('%.0f', used))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((slot + interval + 2 * day_length - now) / 1000)))
return {1, slot - now, slot, day, used}`

// usageScript tells the server's current day, and the day and number that are kept.
const usageScript = `
local t = redis.call('TIME')
local kept = redis.call('HMGET', KEYS[1], 'day', 'used')
return {math.floor(t[1] / 86400), tonumber(kept[1] or '0'), tonumber(kept[2] or '0')}`

const (
	dayMicros = 86_400_000_000
	// margin widens the spacing: perMinute spacings last 60.6 s, so that no minute sees one request more even when one
	// request is sent up to 0.6 s later than its slot and another one is not.
	margin = 1.01
	// latest is how late an answer may be before its slot is given up, since it would be used too late by as much.
	latest = 500 * time.Millisecond
	// takeAttempts is how many slots are given up before Redis counts as too slow to be used.
	takeAttempts = 3
	// slowest is the lowest rate a budget can have: one request in 16.7 hours. fastest is where spacings end to be whole
	// microseconds.
	slowest, fastest = 0.001, 1e6
)

// Budget hands out the right to send requests, over all processes that share the Redis and the name.
type Budget struct {
	state     *Client
	key, name string
	perMinute float64
	perDay    int
	interval  int64 // between two slots, µs

	mu   sync.Mutex
	seen grant // the furthest state this process knows of
}

// grant is the answer of takeScript.
type grant struct {
	ok   bool
	wait time.Duration // until the slot, or when not ok until the next day
	slot int64         // server time, µs since 1970
	day  int64         // of the slot, days since 1970
	used int64         // on that day, this one included
}

// NewBudget makes the budget of a name: at most perMinute requests (0.001 to 1,000,000; a fraction rounded up) in any
// minute, evenly spaced, and at most perDay in a UTC day (the day on which a request is to be sent; 0 for no such bound).
// Processes should agree on the numbers; where they do not, each keeps its own distance from the others.
func (s *Client) NewBudget(perMinute float64, perDay int, name string) (*Budget, error) {
	if !(perMinute >= slowest && perMinute <= fastest) {
		return nil, fmt.Errorf("budget %q: %v requests per minute: accepted are %v to %.0f", name, perMinute, slowest, fastest)
	}
	if perDay < 0 || name == "" {
		return nil, fmt.Errorf("budget %q: %d requests per day: needs a name and 0 (no bound) or more", name, perDay)
	}
	return &Budget{
		state: s, key: s.key("budget", name), name: name, perMinute: perMinute, perDay: perDay,
		interval: int64(math.Ceil(60e6 * margin / perMinute)),
	}, nil
}

// Take reserves the next free slot and returns how long to wait before the request is sent; the wait grows with the number
// of callers in the queue. The slot is used up whether or not the request is sent. A day's budget that is spent is a
// *market.FetchError with OutcomeBudget, whose RetryAfter is the time to the next UTC midnight (Symbol and Timeframe are
// the caller's to fill in). When Redis cannot be asked, or answers too slowly to keep time by, the error wraps
// ErrUnavailable and the caller has to pace itself.
//
// A process brings along what it saw last, so that a Redis that lost everything forgets at most what nobody remembers.
func (b *Budget) Take(ctx context.Context) (time.Duration, error) {
	for range takeAttempts {
		asked := b.state.now()
		g, err := b.reserve(ctx)
		if err != nil {
			return 0, err
		}
		if !g.ok {
			return 0, b.spent(g)
		}
		if b.state.now().Sub(asked) <= latest {
			return g.wait, nil
		}
	}
	return 0, fmt.Errorf("budget %s: %w: its answers take longer than %s", b.name, ErrUnavailable, latest)
}

// Remaining tells how many requests the current UTC day has left, -1 when there is no such bound. The error wraps
// ErrUnavailable.
func (b *Budget) Remaining(ctx context.Context) (int, error) {
	if b.perDay == 0 {
		return -1, nil
	}
	day, used, err := b.usage(ctx)
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen.day == day {
		used = max(used, b.seen.used)
	}
	return max(0, b.perDay-int(used)), nil
}

// usage asks for the server's current day and how much of it is used. One script asks both, of the server that keeps the
// budget: another node of a cluster has another clock.
func (b *Budget) usage(ctx context.Context) (day, used int64, err error) {
	var answer []int64
	err = b.state.ask(ctx, "read budget "+b.name, func(ctx context.Context) (err error) {
		answer, err = b.state.scripts.usage.Run(ctx, b.state.client, []string{b.key}).Int64Slice()
		if err == nil && len(answer) != 3 {
			err = fmt.Errorf("the script answered %d numbers instead of 3", len(answer))
		}
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	if answer[1] == answer[0] {
		used = answer[2]
	}
	return answer[0], used, nil
}

// reserve runs takeScript and remembers what it learned.
func (b *Budget) reserve(ctx context.Context) (grant, error) {
	b.mu.Lock()
	seen := b.seen
	b.mu.Unlock()
	next := int64(0)
	if seen.slot > 0 {
		next = seen.slot + b.interval
	}
	var answer []int64
	err := b.state.ask(ctx, "take from budget "+b.name, func(ctx context.Context) (err error) {
		answer, err = b.state.scripts.take.Run(ctx, b.state.client, []string{b.key}, b.interval, b.perDay, next, seen.day,
			seen.used).Int64Slice()
		if err == nil && len(answer) != 5 {
			err = fmt.Errorf("the script answered %d numbers instead of 5", len(answer))
		}
		return err
	})
	if err != nil {
		return grant{}, err
	}
	g := grant{
		ok: answer[0] == 1, wait: time.Duration(answer[1]) * time.Microsecond,
		slot: answer[2], day: answer[3], used: answer[4],
	}
	b.learn(g)
	return g, nil
}

// learn keeps the furthest of what the answers said; they may arrive out of order.
func (b *Budget) learn(g grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g.ok && g.slot > b.seen.slot {
		b.seen.slot = g.slot
	}
	if g.day > b.seen.day || (g.day == b.seen.day && g.used > b.seen.used) {
		b.seen.day, b.seen.used = g.day, g.used
	}
}

// spent is the refusal once the day's budget is used up.
func (b *Budget) spent(g grant) error {
	day := time.Unix(g.day*dayMicros/1e6, 0).UTC().Format(time.DateOnly)
	return &market.FetchError{
		Outcome:    market.OutcomeBudget,
		Reason:     fmt.Sprintf("the %d requests of %s (UTC) are used up", b.perDay, day),
		RetryAfter: g.wait,
	}
}
