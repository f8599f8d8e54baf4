package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/market"
)

// putScript replaces the bars unless the stored ones are newer: a higher start of the newest bar wins, and with the same
// start the later reading. Both stand in the first bytes of the value, so that the bars need not be decoded.
const putScript = `
local head = redis.call('GETRANGE', KEYS[1], 0, 255)
local asOf, newest = string.match(head, '^{"asOf":"([^"]*)","newest":(%-?%d+),')
if newest then
  local old, new = tonumber(newest), tonumber(ARGV[2])
  if old > new or (old == new and asOf > ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`

// batchSize is how many series are sent at once: 50 of 500 bars are about 1.5 MB.
const batchSize = 50

// Newest is the newest bars of one series.
type Newest struct {
	Series  market.Series
	Candles *market.Candles
}

// PutNewest puts the newest bars of one series into the cache; see PutNewestAll.
func (s *Client) PutNewest(ctx context.Context, series market.Series, candles *market.Candles) error {
	return s.PutNewestAll(ctx, []Newest{{Series: series, Candles: candles}})
}

// PutNewestAll puts the newest bars of several series into the cache, in few round trips. Of each series it keeps the last
// Config.CacheBars bars given, for 1 day (timeframes of minutes), 7 days (hours) or 90 days (days and longer). An entry is
// replaced whole, never mixed with what was there, and never by older bars, which is no error. A series without bars is
// left as it is. All entries are tried; the error joins what went wrong: ErrUnavailable, or bars that are not fit to store.
func (s *Client) PutNewestAll(ctx context.Context, entries []Newest) error {
	var problems []error
	for chunk := range slices.Chunk(entries, s.batch) {
		problems = append(problems, s.putChunk(ctx, chunk))
	}
	return errors.Join(problems...)
}

// putChunk sends one pipeline. It sends the whole script each time, since a pipeline cannot fall back from EVALSHA.
func (s *Client) putChunk(ctx context.Context, entries []Newest) error {
	var problems []error
	pipe := s.client.Pipeline()
	asOf := s.now().UTC().Format(asOfLayout)
	for _, e := range entries {
		if e.Candles.Len() == 0 {
			continue
		}
		value, err := encode(e.Series, asOf, e.Candles, s.cacheBars)
		if err != nil {
			problems = append(problems, fmt.Errorf("cache %s: %w", e.Series, err))
			continue
		}
		newest := e.Candles.TS[e.Candles.Len()-1]
		px := (lifetime(e.Series.Timeframe) + s.slack).Milliseconds()
		s.scripts.put.Eval(ctx, pipe, []string{s.candlesKey(e.Series)}, asOf, newest, value, px)
	}
	if pipe.Len() > 0 {
		problems = append(problems, s.ask(ctx, "cache newest bars", func(ctx context.Context) error {
			_, err := pipe.Exec(ctx)
			return err
		}))
	}
	return errors.Join(problems...)
}

// Newest returns the cached bars of a series and the time at which they were put there, or false when there are none. An
// error wraps ErrUnavailable, or tells that the entry cannot be read; for callers both mean: ask the archive.
func (s *Client) Newest(ctx context.Context, series market.Series) (*market.Candles, time.Time, bool, error) {
	var value []byte
	err := s.ask(ctx, "read cached "+series.String(), func(ctx context.Context) (err error) {
		value, err = s.client.Get(ctx, s.candlesKey(series)).Bytes()
		return err
	})
	if errors.Is(err, goredis.Nil) {
		return nil, time.Time{}, false, nil
	}
	if err != nil {
		return nil, time.Time{}, false, err
	}
	candles, asOf, err := decode(series, value)
	if err != nil {
		return nil, time.Time{}, false, fmt.Errorf("read cached %s: %w", series, err)
	}
	return candles, asOf, true, nil
}

// candlesKey is the key of a series' newest bars.
func (s *Client) candlesKey(series market.Series) string {
	return s.key("candles", series.Instrument+":"+string(series.Timeframe))
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
