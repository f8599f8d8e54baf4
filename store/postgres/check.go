package postgres

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// firstTS and lastTS bound the starts that a timestamptz and everything that reads one can show: the years 1 to 9999.
const (
	firstTS int64 = -62_135_596_800
	lastTS  int64 = 253_402_300_799
)

// fit returns the bars ready to be stored: in order, and of each start the last one given. Bars that are so already are
// not copied. The error names the series, the bar and the column (promise P7), and wraps market.ErrInvalidCandle.
func fit(series market.Series, bars *market.Candles) (*market.Candles, error) {
	if series.Instrument == "" || series.Timeframe == "" {
		return nil, fmt.Errorf("store bars: the series %q has no name; give an instrument and a timeframe", series)
	}
	n := bars.Len()
	for _, length := range []int{
		len(bars.Open), len(bars.High), len(bars.Low), len(bars.Close), len(bars.Volume), len(bars.Flags),
	} {
		if length != n {
			return nil, fmt.Errorf("store bars of %s: %w: %w", series, market.ErrInvalidCandle, bars.Check())
		}
	}
	rising := true
	for i := range n {
		if err := checkBar(bars, i); err != nil {
			return nil, fmt.Errorf("store bars of %s: %w: %w", series, market.ErrInvalidCandle, err)
		}
		rising = rising && (i == 0 || bars.TS[i-1] < bars.TS[i])
	}
	if rising {
		return bars, nil
	}
	return distinct(bars), nil
}

// checkBar refuses what is no price, no volume and no time.
func checkBar(bars *market.Candles, i int) error {
	if bars.TS[i] < firstTS || bars.TS[i] > lastTS {
		return fmt.Errorf("a bar starts at %d s; a start lies in the years 1 to 9999", bars.TS[i])
	}
	at := func() string { return time.Unix(bars.TS[i], 0).UTC().Format(time.RFC3339) }
	for column, price := range [...]float64{bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i]} {
		if math.IsNaN(price) || math.IsInf(price, 0) {
			name := [...]string{"open", "high", "low", "close"}[column]
			return fmt.Errorf("the bar of %s has the %s %v; a price is a finite number", at(), name, price)
		}
	}
	if bars.Volume[i] < market.NoVolume {
		return fmt.Errorf("the bar of %s has the volume %d; a volume is 0 or more, or %d for none",
			at(), bars.Volume[i], market.NoVolume)
	}
	return nil
}

// distinct returns a copy in order of start that keeps the last given of each.
func distinct(bars *market.Candles) *market.Candles {
	order := make([]int, bars.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(bars.TS[i], bars.TS[j]) })
	unique := market.NewCandles(bars.Len())
	for k, i := range order {
		if k+1 == len(order) || bars.TS[order[k+1]] != bars.TS[i] {
			unique.Append(bars.At(i))
		}
	}
	return unique
}
