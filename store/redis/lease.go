package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// The scripts of a lease, each on one key.
const (
	// replaceScript writes ARGV[2] for ARGV[3] ms if the key holds ARGV[1].
	replaceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`
	// removeScript deletes the key if it holds ARGV[1].
	removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
	// fenceScript gives the next number: above the last one, and at least the server's clock in microseconds, so that the
	// numbers go on rising after Redis lost everything. The key may expire, since the clock has moved past it by then.
	fenceScript = `
local t = redis.call('TIME')
local n = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, t[1] * 1000000 + t[2])
redis.call('SET', KEYS[1], string.format('%.0f', n), 'EX', 604800)
return n`
)

// claimAttempts is how often a claim is repeated when the holder vanishes just while it is looked at.
const claimAttempts = 3

// Lease is the right to work on something for a while. Only its holder can extend or release it.
type Lease struct {
	state *Client
	name  string
	key   string
	ttl   time.Duration
	fence int64
	lost  chan struct{}

	mu       sync.Mutex
	value    string      // what the key holds while the lease is ours
	expiry   *time.Timer // runs out no later than the lease does in Redis
	gone     bool        // lost is closed
	released bool
	cancel   context.CancelFunc
	beats    chan struct{} // closed when the heartbeat has ended; nil without one
}

// leaseValue is what the key of a lease holds.
type leaseValue struct {
	Token string `json:"token"` // 128 random bits, hexadecimal
	Holder
}

// Acquire takes the lease of a name for ttl (a millisecond or more), or fails with a *HeldError (ErrHeld) when somebody
// has it, and with ErrUnavailable when Redis cannot tell. It does not wait for the holder.
func (s *Client) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	if name == "" || ttl < time.Millisecond {
		return nil, fmt.Errorf("lease %q for %s: needs a name and at least a millisecond", name, ttl)
	}
	l := &Lease{state: s, name: name, key: s.key("lease", name), ttl: ttl, lost: make(chan struct{})}
	mine := leaseValue{Token: newToken(), Holder: s.holder}
	mine.Since = s.now().UTC()
	won, err := l.acquire(ctx, mine)
	if err == nil {
		return l, nil
	}
	if won || (ctx.Err() != nil && l.value != "") {
		// Whoever gave up may have won in the same instant, and the number of a lease can be kept by another node of a cluster
		// than the lease, one that does not answer; nobody would release it.
		err = errors.Join(err, l.remove(context.WithoutCancel(ctx)))
	}
	return nil, err
}

// acquire claims the key and then draws the fencing number: in this order, a later holder's number is always higher. Won
// says that the claim was won, also when the rest failed.
func (l *Lease) acquire(ctx context.Context, mine leaseValue) (won bool, err error) {
	for range claimAttempts {
		mine.Fence = 0
		l.value = encodeLease(mine)
		if err := l.claim(ctx); errors.Is(err, errVanished) {
			continue
		} else if err != nil {
			return false, err
		}
		number, err := l.number(ctx)
		if err != nil {
			return true, err
		}
		mine.Fence = number
		switch err := l.replace(ctx, encodeLease(mine)); {
		case err == nil:
			l.fence = number
			return true, nil
		case !errors.Is(err, ErrLost):
			return true, err
		}
	}
	return false, &HeldError{Name: l.name}
}

// errVanished tells that a lease was held and was free again when its holder was looked up.
var errVanished = errors.New("the holder vanished")

// claim sets the key if it is free. A key that holds our own value is ours too: the reply to the first try was lost.
func (l *Lease) claim(ctx context.Context) error {
	err := l.state.ask(ctx, "acquire lease "+l.name, func(ctx context.Context) error {
		return l.state.client.Do(ctx, "SET", l.key, l.value, "NX", "PX", l.px()).Err()
	})
	if !errors.Is(err, goredis.Nil) {
		return err
	}
	var held string
	err = l.state.ask(ctx, "read lease "+l.name, func(ctx context.Context) (err error) {
		held, err = l.state.client.Get(ctx, l.key).Result()
		return err
	})
	switch {
	case errors.Is(err, goredis.Nil):
		return errVanished
	case err != nil:
		return err
	case held == l.value:
		return nil
	}
	var other leaseValue
	if json.Unmarshal([]byte(held), &other) != nil {
		other = leaseValue{} // held all the same, by somebody who writes it differently
	}
	return &HeldError{Name: l.name, Holder: other.Holder}
}

// number draws the next fencing number.
func (l *Lease) number(ctx context.Context) (n int64, err error) {
	err = l.state.ask(ctx, "number lease "+l.name, func(ctx context.Context) (err error) {
		n, err = l.state.scripts.fence.Run(ctx, l.state.client, []string{l.state.key("fence", l.name)}).Int64()
		return err
	})
	return n, err
}

// replace writes a new value for another ttl if the lease is still ours, or fails with ErrLost.
func (l *Lease) replace(ctx context.Context, value string) error {
	old := l.held()
	// The timer starts before the question, so that it never outlasts what Redis counts.
	expiry := time.NewTimer(l.ttl)
	var done int
	err := l.state.ask(ctx, "extend lease "+l.name, func(ctx context.Context) (err error) {
		done, err = l.state.scripts.replace.Run(ctx, l.state.client, []string{l.key}, old, value, l.px()).Int()
		return err
	})
	if err == nil && done == 0 {
		err = fmt.Errorf("extend lease %s: %w", l.name, ErrLost)
	}
	if err != nil {
		expiry.Stop()
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expiry != nil {
		l.expiry.Stop()
	}
	l.expiry, l.value = expiry, value
	return nil
}

// remove deletes the key if it is ours.
func (l *Lease) remove(ctx context.Context) error {
	return l.state.ask(ctx, "release lease "+l.name, func(ctx context.Context) error {
		return l.state.scripts.remove.Run(ctx, l.state.client, []string{l.key}, l.held()).Err()
	})
}

// held is the value that the key has while the lease is ours.
func (l *Lease) held() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

// px is the time to live in milliseconds that Redis is told.
func (l *Lease) px() int64 { return (l.ttl + l.state.slack).Milliseconds() }

// encodeLease writes the value of a lease's key.
func encodeLease(v leaseValue) string {
	text, _ := json.Marshal(v) // strings and numbers only: it cannot fail
	return string(text)
}

// newToken makes 128 random bits.
func newToken() string {
	var token [16]byte
	_, _ = rand.Read(token[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(token[:])
}
