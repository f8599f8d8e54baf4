package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/market"
)

// putScript replaces the bars unless the stored ones are newer: a later start of the newest bar wins, and with the same start
// the higher version of the series. (The version alone would not do: that of an archive restored from a backup is lower.) Both
// stand in the first bytes of the value, so that the bars need not be decoded.
const putScript = `
local head = redis.call('GETRANGE', KEYS[1], 0, 63)
local version, newest = string.match(head, '^{"version":(%d+),"newest":(%-?%d+),')
if newest then
  local old, new = tonumber(newest), tonumber(ARGV[2])
  if old > new or (old == new and tonumber(version) > tonumber(ARGV[1])) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`

// mostEntry bounds an entry that is read, in bytes; 500 bars take 50,000.
const mostEntry = 1 << 20

// PutNewest puts the newest bars of a series into the cache, as of the series' version (0 or more). It keeps the last
// Config.CacheBars bars given, for 1 day (timeframes of minutes), 7 days (hours) or 90 days (days and longer). An entry is
// replaced whole, never mixed with what was there, and never by older bars, which is no error. Without bars it does nothing.
// The error wraps ErrUnavailable, or says why the bars cannot be stored.
func (c *Client) PutNewest(ctx context.Context, series market.Series, version int64, bars *market.Candles) error {
	if bars.Len() == 0 {
		return nil
	}
	value, err := encode(series, version, c.now(), bars, c.cacheBars)
	if err != nil {
		return fmt.Errorf("cache %s: %w", series, err)
	}
	return c.call(ctx, "cache "+series.String(), func(ctx context.Context) error {
		return c.scripts.put.Run(ctx, c.client, []string{c.candlesKey(series)}, version, bars.TS[bars.Len()-1], value,
			lifetime(series.Timeframe).Milliseconds()).Err()
	})
}

// Newest returns the cached bars of a series and the version of the series that they are of; false when there are none, also
// when another release of Barkeep wrote them in another shape. An error wraps ErrUnavailable, or says that the entry
// is damaged; in both cases the caller reads the archive.
func (c *Client) Newest(ctx context.Context, series market.Series) (version int64, bars *market.Candles, found bool, err error) {
	var value []byte
	err = c.call(ctx, "read cached "+series.String(), func(ctx context.Context) (err error) {
		value, err = c.text(ctx, c.candlesKey(series), mostEntry)
		return err
	})
	switch {
	case errors.Is(err, goredis.Nil):
		return 0, nil, false, nil
	case err != nil:
		return 0, nil, false, err
	case len(value) > mostEntry:
		return 0, nil, false, fmt.Errorf("read cached %s: %w: it has more than %d bytes", series, errEntry, mostEntry)
	}
	version, bars, err = decode(series, value)
	switch {
	case errors.Is(err, errShape):
		return 0, nil, false, nil
	case err != nil:
		return 0, nil, false, fmt.Errorf("read cached %s: %w", series, err)
	}
	return version, bars, true, nil
}

// candlesKey is the key of a series' newest bars.
func (c *Client) candlesKey(series market.Series) string {
	return c.key("candles", series.Instrument+":"+string(series.Timeframe))
}

// lifetime is how long bars are kept, by the unit in which the timeframe is named: 90m counts as minutes.
func lifetime(t market.Timeframe) time.Duration {
	const day = 24 * time.Hour
	switch {
	case strings.HasSuffix(string(t), "m"):
		return day
	case strings.HasSuffix(string(t), "h"):
		return 7 * day
	default:
		return 90 * day
	}
}
