package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/market"
	"barkeep/store"
)

// Client is the connection below, to look at keys and to damage them.
func (c *Client) Client() goredis.UniversalClient { return c.client }

// Timeout is the bound of one call.
func (c *Client) Timeout() time.Duration { return c.timeout }

// Key is the name of a key.
func (c *Client) Key(kind, name string) string { return c.key(kind, name) }

// Slot is what one reservation gave.
type Slot struct {
	OK   bool
	At   time.Time // by the server's clock
	Wait time.Duration
}

// Reserve takes a moment of a budget, whose day may be spent.
func (c *Client) Reserve(ctx context.Context, name string, limits store.Limits) (Slot, error) {
	g, err := c.reserve(ctx, name, limits, store.TakeRequest{})
	return Slot{OK: g.ok, At: time.UnixMicro(g.slot).UTC(), Wait: g.wait}, err
}

// Encode writes a cache entry.
func Encode(series market.Series, version int64, c *market.Candles, n int) ([]byte, error) {
	return encode(series, version, time.Unix(0, 0), c, n)
}

// Decode reads a cache entry.
func Decode(series market.Series, text []byte) (int64, *market.Candles, error) {
	return decode(series, text)
}
