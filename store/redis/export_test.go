package redis

import (
	"context"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"barkeep/market"
)

// LocalTick is how early the in-process server may end a key.
const LocalTick = localTick

// Client is the connection below, to look at keys and to damage them.
func (s *Client) Client() goredis.UniversalClient { return s.client }

// Timeout is the bound of one question.
func (s *Client) Timeout() time.Duration { return s.timeout }

// Server is the in-process server.
func (s *Client) Server() *miniredis.Miniredis { return s.local.server }

// Key is the name of a key.
func (s *Client) Key(kind, name string) string { return s.key(kind, name) }

// Slot is what one reservation gave.
type Slot struct {
	OK   bool
	At   time.Time // by the server's clock
	Wait time.Duration
}

// Reserve takes a slot.
func (b *Budget) Reserve(ctx context.Context) (Slot, error) {
	g, err := b.reserve(ctx)
	return Slot{OK: g.ok, At: time.UnixMicro(g.slot).UTC(), Wait: g.wait}, err
}

// Interval is the spacing of the slots.
func (b *Budget) Interval() time.Duration { return time.Duration(b.interval) * time.Microsecond }

// Encode writes a cache entry.
func Encode(series market.Series, asOf time.Time, c *market.Candles, n int) ([]byte, error) {
	return encode(series, asOf.UTC().Format(asOfLayout), c, n)
}

// Decode reads a cache entry.
func Decode(series market.Series, text []byte) (*market.Candles, time.Time, error) {
	return decode(series, text)
}
