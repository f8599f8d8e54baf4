package redis

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"barkeep/market"
)

// columns names what the rows of an entry hold, in sequence.
const columns = `["ts","open","high","low","close","volume","flags","parts"]`

// encode writes the last n bars as JSON that scripts can read:
//
//	{"version":17,"newest":1763848800,"asOf":"2026-11-22T22:05:00Z","instrument":"ES","timeframe":"5m",
//	 "columns":["ts","open",...],"bars":[[1763848800,6612.25,...,1250,0,0],...]}
//
// ts is in Unix seconds, volume is null where the provider gave none, flags are the bits of market.Flag, parts the
// number of market.Parts. Prices are the
// shortest decimals that read back as the same bits. version and newest come first because putScript reads them there.
func encode(series market.Series, version int64, asOf time.Time, c *market.Candles, n int) ([]byte, error) {
	if version < 0 {
		return nil, fmt.Errorf("version %d: accepted is 0 or more", version)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.Slice(max(0, c.Len()-n), c.Len())
	head, err := json.Marshal(header{
		Version: &version, Newest: c.TS[c.Len()-1], AsOf: asOf.UTC(), Instrument: series.Instrument,
		Timeframe: series.Timeframe, Columns: json.RawMessage(columns),
	})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(head)+16+72*c.Len())
	b = append(append(b, head[:len(head)-1]...), `,"bars":[`...)
	for i := range c.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendBar(b, c, i); err != nil {
			return nil, err
		}
	}
	return append(b, "]}"...), nil
}

// appendBar writes bar i as one row.
func appendBar(b []byte, c *market.Candles, i int) ([]byte, error) {
	b = strconv.AppendInt(append(b, '['), c.TS[i], 10)
	for _, price := range [...]float64{c.Open[i], c.High[i], c.Low[i], c.Close[i]} {
		if math.IsNaN(price) || math.IsInf(price, 0) {
			return nil, fmt.Errorf("bar at %d has a price of %v", c.TS[i], price)
		}
		b = strconv.AppendFloat(append(b, ','), price, 'g', -1, 64)
	}
	b = append(b, ',')
	if c.Volume[i] == market.NoVolume {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, c.Volume[i], 10)
	}
	b = strconv.AppendUint(append(b, ','), uint64(c.Flags[i]), 10)
	b = strconv.AppendInt(append(b, ','), int64(c.PartsAt(i)), 10)
	return append(b, ']'), nil
}

// header is what stands before the bars.
type header struct {
	Version    *int64           `json:"version"` // nil in what earlier releases wrote
	Newest     int64            `json:"newest"`
	AsOf       time.Time        `json:"asOf"` // when it was put here, for people
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Columns    json.RawMessage  `json:"columns"`
}
