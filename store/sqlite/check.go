package sqlite

import (
	"fmt"
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// firstTS and lastTS bound the starts that a date can name: the years 1 to 9999.
const (
	firstTS int64 = -62_135_596_800
	lastTS  int64 = 253_402_300_799
)

// fit returns the bars ready to be merged: in order, and of each start the last one given. Bars that are so already are
// not copied. The error is a market.ErrInvalidCandle and names the series, the bar and the column (promise P7).
func fit(series market.Series, bars *market.Candles) (*market.Candles, error) {
	if series.Instrument == "" || series.Timeframe == "" {
		return nil, fmt.Errorf("store bars: %w: the series %q has no name; give an instrument and a timeframe",
			market.ErrInvalidCandle, series)
	}
	n := bars.Len()
	for _, column := range []int{
		len(bars.Open), len(bars.High), len(bars.Low), len(bars.Close), len(bars.Volume), len(bars.Flags),
	} {
		if column != n {
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

// checkBar refuses what is no time, no price and no volume.
func checkBar(bars *market.Candles, i int) error {
	if bars.TS[i] < firstTS || bars.TS[i] > lastTS {
		return fmt.Errorf("a bar starts at %d s; a start lies in the years 1 to 9999", bars.TS[i])
	}
	sum := bars.Open[i] + bars.High[i] + bars.Low[i] + bars.Close[i]
	if bars.Volume[i] >= market.NoVolume && !math.IsNaN(sum) && !math.IsInf(sum, 0) {
		return nil
	}
	at := time.Unix(bars.TS[i], 0).UTC().Format(time.RFC3339)
	for _, column := range []struct {
		name  string
		price float64
	}{{"open", bars.Open[i]}, {"high", bars.High[i]}, {"low", bars.Low[i]}, {"close", bars.Close[i]}} {
		if math.IsNaN(column.price) || math.IsInf(column.price, 0) {
			return fmt.Errorf("the bar of %s has the %s %v; a price is a finite number", at, column.name, column.price)
		}
	}
	if bars.Volume[i] < market.NoVolume {
		return fmt.Errorf("the bar of %s has the volume %d; a volume is 0 or more, or %d for none",
			at, bars.Volume[i], market.NoVolume)
	}
	return nil // finite prices whose sum is not
}

// distinct returns a copy in order of start that keeps the last given of each.
func distinct(bars *market.Candles) *market.Candles {
	order := make([]int, bars.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case bars.TS[i] < bars.TS[j]:
			return -1
		case bars.TS[i] > bars.TS[j]:
			return 1
		}
		return 0
	})
	unique := market.NewCandles(bars.Len())
	for k, i := range order {
		if k+1 < len(order) && bars.TS[order[k+1]] == bars.TS[i] {
			continue
		}
		unique.Append(bars.At(i))
	}
	return unique
}
