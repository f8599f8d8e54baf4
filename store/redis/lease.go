package redis

import (
	"context"
	"time"

	"barkeep/store"
)

// The scripts of a lease, each on one key.
const (
	// acquireScript writes the token ARGV[1] for ARGV[2] ms unless another one is there.
	acquireScript = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
	// extendLeaseScript lets the key live for ARGV[2] ms more if it holds ARGV[1].
	extendLeaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`
	// releaseLeaseScript deletes the key if it holds ARGV[1].
	releaseLeaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
)

// Acquire takes the lease of a name for ttl (a millisecond or more) unless another token has it; a token that has it takes
// it again. It does not wait. After an error the lease may have been taken all the same: Release gives it back then. An error
// wraps ErrUnavailable, or what ended ctx.
func (c *Client) Acquire(ctx context.Context, name, token string, ttl time.Duration) (won bool, err error) {
	if err := store.CheckLease(name, token, ttl); err != nil {
		return false, err
	}
	err = c.call(ctx, "acquire lease "+name, func(ctx context.Context) (err error) {
		won, err = c.scripts.acquire.Run(ctx, c.client, c.leaseKey(name), token, ttl.Milliseconds()).Bool()
		return err
	})
	return won && err == nil, err
}

// Extend lets a lease that has this token live for another ttl (a millisecond or more); false when it is gone or another's.
func (c *Client) Extend(ctx context.Context, name, token string, ttl time.Duration) (still bool, err error) {
	if err := store.CheckLease(name, token, ttl); err != nil {
		return false, err
	}
	err = c.call(ctx, "extend lease "+name, func(ctx context.Context) (err error) {
		still, err = c.scripts.extend.Run(ctx, c.client, c.leaseKey(name), token, ttl.Milliseconds()).Bool()
		return err
	})
	return still && err == nil, err
}

// Release gives the lease back if it has this token; else it does nothing.
func (c *Client) Release(ctx context.Context, name, token string) error {
	return c.call(ctx, "release lease "+name, func(ctx context.Context) error {
		return c.scripts.release.Run(ctx, c.client, c.leaseKey(name), token).Err()
	})
}

// leaseKey is the one key that a lease has.
func (c *Client) leaseKey(name string) []string { return []string{c.key("lease", name)} }
