package market

import (
	"fmt"
	"slices"
	"time"
)

// NoVolume stands in a volume column where the source gave prices but no volume. It is stored as NULL.
const NoVolume int64 = -1

// Flag marks what is odd about a bar; flags are stored beside the values, several may be set.
type Flag uint8

// The flags. Odd bars are kept as served, and flagged; they are real, but for the impossible ones.
const (
	FlagOutside    Flag = 1 << iota // the open or the close is above the high or below the low
	FlagNegative                    // a price is below zero
	FlagOffTick                     // a price is no multiple of the instrument's tick
	FlagIncomplete                  // a derived bar some of whose base bars are absent
	FlagOffSession                  // an intraday bar that starts when the exchange is closed; not one in which a break ends
	FlagImpossible                  // a price cannot be true beside those of the bars before and after: no longer bar is made of it
)

// Candle is one bar: it covers [Start, Start + its timeframe) and its prices are in the quote currency, as served.
type Candle struct {
	Start  time.Time
	Open   float64
	High   float64
	Low    float64
	Close  float64
	Volume int64 // contracts, shares or units; NoVolume when the source gave none
	Flags  Flag
	Parts  Parts // of a derived bar
}

// Candles are bars of one series as columns of equal length, in ascending order of their start. Columns keep a million
// bars at 49 MB, derived ones at 51, and go to the database without a copy.
type Candles struct {
	TS     []int64 // start of the bar, Unix seconds, UTC
	Open   []float64
	High   []float64
	Low    []float64
	Close  []float64
	Volume []int64 // NoVolume where the source gave none
	Flags  []Flag
	Parts  []Parts // nil where no bar has any, as in a base series
}

// NewCandles makes empty columns with room for n bars.
func NewCandles(n int) *Candles {
	return &Candles{
		TS: make([]int64, 0, n), Open: make([]float64, 0, n), High: make([]float64, 0, n), Low: make([]float64, 0, n),
		Close: make([]float64, 0, n), Volume: make([]int64, 0, n), Flags: make([]Flag, 0, n),
	}
}

// Len is the number of bars.
func (c *Candles) Len() int { return len(c.TS) }

// At returns bar i as one value.
func (c *Candles) At(i int) Candle {
	return Candle{
		Start: time.Unix(c.TS[i], 0).UTC(), Open: c.Open[i], High: c.High[i], Low: c.Low[i], Close: c.Close[i],
		Volume: c.Volume[i], Flags: c.Flags[i], Parts: c.PartsAt(i),
	}
}

// Append adds one bar at the end.
func (c *Candles) Append(b Candle) {
	c.TS = append(c.TS, b.Start.Unix())
	c.Open = append(c.Open, b.Open)
	c.High = append(c.High, b.High)
	c.Low = append(c.Low, b.Low)
	c.Close = append(c.Close, b.Close)
	c.Volume = append(c.Volume, b.Volume)
	c.Flags = append(c.Flags, b.Flags)
	c.SetParts(c.Len()-1, b.Parts)
}

// Slice returns bars [i, j) as a view on the same memory; appending to it never writes into c.
func (c *Candles) Slice(i, j int) *Candles {
	part := &Candles{
		TS: c.TS[i:j:j], Open: c.Open[i:j:j], High: c.High[i:j:j], Low: c.Low[i:j:j],
		Close: c.Close[i:j:j], Volume: c.Volume[i:j:j], Flags: c.Flags[i:j:j],
	}
	if c.Parts != nil {
		part.Parts = c.Parts[i:j:j]
	}
	return part
}

// In returns the bars that start inside the window, as a view on the same memory. The bars must be in order.
func (c *Candles) In(w Window) *Candles {
	i, _ := slices.BinarySearch(c.TS, w.From.Unix())
	j, _ := slices.BinarySearch(c.TS, w.To.Unix())
	return c.Slice(i, max(i, j))
}

// Span is the window from the first bar's start to one second after the last one's start; empty without bars.
func (c *Candles) Span() Window {
	if c.Len() == 0 {
		return Window{}
	}
	return Window{From: time.Unix(c.TS[0], 0).UTC(), To: time.Unix(c.TS[c.Len()-1]+1, 0).UTC()}
}

// Check reports the first thing that makes the columns unfit to store: unequal lengths, or starts that do not rise.
func (c *Candles) Check() error {
	if err := c.even(); err != nil {
		return err
	}
	n := c.Len()
	for i := 1; i < n; i++ {
		if c.TS[i] <= c.TS[i-1] {
			return fmt.Errorf("candle %d of %d starts at %d, not after the one before it (%d)", i, n, c.TS[i], c.TS[i-1])
		}
	}
	return nil
}

// even reports columns of unequal length.
func (c *Candles) even() error {
	n := c.Len()
	if len(c.Open) != n || len(c.High) != n || len(c.Low) != n || len(c.Close) != n || len(c.Volume) != n || len(c.Flags) != n {
		return fmt.Errorf("candle columns differ in length: ts %d, open %d, high %d, low %d, close %d, volume %d, flags %d",
			n, len(c.Open), len(c.High), len(c.Low), len(c.Close), len(c.Volume), len(c.Flags))
	}
	if c.Parts != nil && len(c.Parts) != n {
		return fmt.Errorf("candle columns differ in length: ts %d, parts %d", n, len(c.Parts))
	}
	return nil
}

// AppendAll adds bars at the end.
func (c *Candles) AppendAll(more *Candles) {
	if c.Parts != nil || more.Parts != nil {
		c.makeParts()
		c.Parts = append(append(c.Parts, more.Parts...), make([]Parts, more.Len()-len(more.Parts))...)
	}
	c.TS = append(c.TS, more.TS...)
	c.Open, c.High = append(c.Open, more.Open...), append(c.High, more.High...)
	c.Low, c.Close = append(c.Low, more.Low...), append(c.Close, more.Close...)
	c.Volume, c.Flags = append(c.Volume, more.Volume...), append(c.Flags, more.Flags...)
}

// Clone is a copy that shares no memory.
func (c *Candles) Clone() *Candles {
	all := NewCandles(c.Len())
	all.AppendAll(c)
	return all
}
