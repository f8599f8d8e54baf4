package market

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// FirstTS and LastTS are the earliest and the latest start of a bar that can be stored, in Unix seconds. They bound the years 1
// to 9999, which every database and every reader can show.
const (
	FirstTS int64 = -62_135_596_800
	LastTS  int64 = 253_402_300_799
)

// Storable returns the bars in the form in which they are stored: in order, and one for each start, the last one given. Bars that
// have this form already are not copied. The error wraps ErrInvalidCandle and names the series, the bar and the column.
func (s Series) Storable(bars *Candles) (*Candles, error) {
	if s.Instrument == "" || s.Timeframe == "" {
		return nil, fmt.Errorf("bars of %q: %w: the series has no name; give an instrument and a timeframe", s, ErrInvalidCandle)
	}
	if err := bars.even(); err != nil {
		return nil, fmt.Errorf("bars of %s: %w: %w", s, ErrInvalidCandle, err)
	}
	rising := true
	for i := range bars.TS {
		if err := bars.sound(i); err != nil {
			return nil, fmt.Errorf("bars of %s: %w: %w", s, ErrInvalidCandle, err)
		}
		rising = rising && (i == 0 || bars.TS[i-1] < bars.TS[i])
	}
	if rising {
		return bars, nil
	}
	return bars.distinct(), nil
}

// sound reports what makes bar i unfit to store: its start, a price that is no finite number, a negative volume.
func (c *Candles) sound(i int) error {
	if c.TS[i] < FirstTS || c.TS[i] > LastTS {
		return fmt.Errorf("a bar starts at %d s; a start lies in the years 1 to 9999", c.TS[i])
	}
	// The sum is finite only if every price is. Finite prices whose sum overflows pass the checks below.
	sum := c.Open[i] + c.High[i] + c.Low[i] + c.Close[i]
	if c.Volume[i] >= NoVolume && !math.IsNaN(sum) && !math.IsInf(sum, 0) {
		return nil
	}
	at := time.Unix(c.TS[i], 0).UTC().Format(time.RFC3339)
	for column, price := range [...]float64{c.Open[i], c.High[i], c.Low[i], c.Close[i]} {
		if math.IsNaN(price) || math.IsInf(price, 0) {
			name := [...]string{"open", "high", "low", "close"}[column]
			return fmt.Errorf("the bar of %s has the %s %v; a price is a finite number", at, name, price)
		}
	}
	if c.Volume[i] < NoVolume {
		return fmt.Errorf("the bar of %s has the volume %d; a volume is 0 or more, or %d for none", at, c.Volume[i], NoVolume)
	}
	return nil
}

// distinct returns a copy in the order of starts that keeps, of bars with the same start, the last one given.
func (c *Candles) distinct() *Candles {
	order := make([]int, c.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(c.TS[i], c.TS[j]) })
	unique := NewCandles(c.Len())
	for k, i := range order {
		if k+1 == len(order) || c.TS[order[k+1]] != c.TS[i] {
			unique.Append(c.At(i))
		}
	}
	return unique
}
