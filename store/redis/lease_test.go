package redis_test

import (
	"testing"
	"time"

	"barkeep/store"
	"barkeep/store/redis"
	"barkeep/store/storetest"
)

// acquire takes a lease that must be free.
func acquire(t *testing.T, c *redis.Client, name, token string) {
	t.Helper()
	if won, err := c.Acquire(t.Context(), name, token, time.Hour); !won || err != nil {
		t.Fatalf("acquire %s: %v, %v", name, won, err)
	}
}

func TestLeases(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		storetest.Leases{Now: time.Now, Fresh: func(t *testing.T, n int) []store.Leases {
			t.Helper()
			var all []store.Leases
			for range n {
				all = append(all, b.open(t))
			}
			return all
		}}.Run(t)
	})
}

func TestLeaseKeyIsReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		c := b.open(t)
		acquire(t, c, "NQ:1d", "box 17 4f1c")
		key := c.Key("lease", "NQ:1d")
		if text, err := c.Client().Get(t.Context(), key).Result(); text != "box 17 4f1c" || err != nil {
			t.Errorf("the key holds %q, %v", text, err)
		}
		if left := c.Client().PTTL(t.Context(), key).Val(); left < time.Hour-20*time.Second || left > time.Hour {
			t.Errorf("it lives %s more, want an hour", left)
		}
		if _, err := c.Extend(t.Context(), "NQ:1d", "box 17 4f1c", time.Minute); err != nil {
			t.Fatal(err)
		}
		if left := c.Client().PTTL(t.Context(), key).Val(); left > time.Minute {
			t.Errorf("it lives %s more, want a minute", left)
		}
	})
}

// TestLeaseOfTheReleaseBefore: that wrote JSON; a lease of it is another's until it runs out.
func TestLeaseOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		c := b.open(t)
		const old = `{"token":"4f1c","host":"box","pid":17,"since":"2026-11-22T22:05:00Z","fence":1}`
		if err := c.Client().Set(t.Context(), c.Key("lease", "old"), old, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		if won, err := c.Acquire(t.Context(), "old", "mine", time.Minute); won || err != nil {
			t.Errorf("acquire: %v, %v", won, err)
		}
		if err := c.Release(t.Context(), "old", "4f1c"); err != nil {
			t.Error(err)
		}
		if got := c.Client().Get(t.Context(), c.Key("lease", "old")).Val(); got != old {
			t.Errorf("the key holds %q", got)
		}
	})
}
