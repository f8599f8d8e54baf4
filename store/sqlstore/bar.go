package sqlstore

import (
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// Bar is one row of candles, or of candle_revisions: what both engines read, whoever asks.
type Bar struct {
	market.StoredBar
	Replaced int64 // Unix microseconds; of a revision
	RunID    int64 // by which run it was replaced, 0 for none; where ReasonRows are read
	Cause    int64 // a store.Cause; where ReasonRows are read
}

// microsPerSecond is for the starts of bars: candles have them in seconds.
const microsPerSecond = 1_000_000

// Start is when the bar starts, in Unix seconds, as columns have it.
func (b *Bar) Start() int64 { return b.Micros / microsPerSecond }

// Unpack takes the parts out of the flags of a row of CountedRows. Flags are less than 256.
func (b *Bar) Unpack() { b.Flags, b.Parts = b.Flags&math.MaxUint8, b.Flags>>8 }

// AppendTo adds the bar to columns.
func (b *Bar) AppendTo(bars *market.Candles) {
	bars.TS = append(bars.TS, b.Start())
	bars.Open = append(bars.Open, b.Open)
	bars.High = append(bars.High, b.High)
	bars.Low = append(bars.Low, b.Low)
	bars.Close = append(bars.Close, b.Close)
	bars.Volume = append(bars.Volume, b.ColumnVolume())
	bars.Flags = append(bars.Flags, market.Flag(b.Flags)) //nolint:gosec // written from one
	bars.SetParts(bars.Len()-1, market.Parts(b.Parts))    //nolint:gosec // written from one
}

// Candle is the bar as one value.
func (b *Bar) Candle() market.Candle {
	return market.Candle{
		Start: time.Unix(b.Start(), 0).UTC(), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close,
		Volume: b.ColumnVolume(), Flags: market.Flag(b.Flags), Parts: market.Parts(b.Parts), //nolint:gosec // written from one
	}
}

// ColumnVolume is the volume as columns have it: market.NoVolume for none.
func (b *Bar) ColumnVolume() int64 {
	if !b.HasVolume {
		return market.NoVolume
	}
	return b.Volume
}

// bounds are the first and the last microsecond of a window, as the archives take them. Bars start on whole seconds of the
// years 1 to 9999, so a bound beyond them, or between two seconds, may be moved.
func bounds(w market.Window) (first, last int64) {
	return bound(w.From) * microsPerSecond, bound(w.To)*microsPerSecond - 1
}

// bound is the first whole second at or after t.
func bound(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return min(max(seconds, market.FirstTS), market.LastTS+1)
}

// reverse turns columns round, in place: a page of the newest bars is read from its end.
func reverse(bars *market.Candles) {
	slices.Reverse(bars.TS)
	for _, column := range [][]float64{bars.Open, bars.High, bars.Low, bars.Close} {
		slices.Reverse(column)
	}
	slices.Reverse(bars.Volume)
	slices.Reverse(bars.Flags)
	slices.Reverse(bars.Parts)
}
