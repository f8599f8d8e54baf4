package market

import (
	"math"
	"time"
)

// SetFlags sets on every bar, in place, the flags that its own values and start call for: FlagOutside, FlagNegative,
// FlagOffTick and, for intraday bars, FlagOffSession. It changes no value. FlagIncomplete and FlagImpossible stay as they are:
// they tell of other bars as well (PriceCheck), which need not be there.
func (i Instrument) SetFlags(tf Timeframe, c *Candles) {
	length := int64(tf.Length() / time.Second)
	var date trading // of the bar before
	for k := range c.TS {
		f := valueFlags(c.Open[k], c.High[k], c.Low[k], c.Close[k], i.Tick)
		if length > 0 {
			if !date.holds(c.TS[k]) {
				date.enter(i.Calendar, c.TS[k])
			}
			if !date.during(c.TS[k], length) {
				f |= FlagOffSession
			}
		}
		c.Flags[k] = c.Flags[k]&(FlagIncomplete|FlagImpossible) | f
	}
}

// valueFlags judges the prices of one bar.
func valueFlags(open, high, low, shut, tick float64) Flag {
	var f Flag
	if open > high || open < low || shut > high || shut < low {
		f |= FlagOutside
	}
	if open < 0 || high < 0 || low < 0 || shut < 0 {
		f |= FlagNegative
	}
	if tick > 0 && (offTick(open, tick) || offTick(high, tick) || offTick(low, tick) || offTick(shut, tick)) {
		f |= FlagOffTick
	}
	return f
}

// offTick allows for prices that were a float32 on their way: 3371.7 arrives as 3371.699951171875, off by 2^-24 of itself.
func offTick(price, tick float64) bool {
	steps := price / tick
	off := math.Abs(steps-math.Round(steps)) * tick
	return off > math.Abs(price)/(1<<23)+tick*1e-6
}
