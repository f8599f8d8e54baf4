package main

import (
	"fmt"
	"math"
	"strings"

	"barkeep/market"
)

// chart draws the newest bars as candles of text: one column a bar, a thick body from open to close and a thin wick from
// low to high, with the highest and lowest price and the dates at the edges. Rising bars are green on a terminal.
func chart(bars *market.Candles, width, height int, colour bool) string {
	n := bars.Len()
	if n == 0 {
		return "(no bars)\n"
	}
	bars = bars.Slice(max(0, n-width), n)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range bars.TS {
		low, high = math.Min(low, bars.Low[i]), math.Max(high, bars.High[i])
	}
	if high == low {
		high = low + 1
	}
	row := func(price float64) int {
		return int(math.Round((high - price) / (high - low) * float64(height-1)))
	}
	var out strings.Builder
	for y := range height {
		switch y {
		case 0:
			fmt.Fprintf(&out, "%12.6g ", high)
		case height - 1:
			fmt.Fprintf(&out, "%12.6g ", low)
		default:
			out.WriteString(strings.Repeat(" ", 13))
		}
		for i := range bars.TS {
			out.WriteString(cell(bars, i, y, row, colour))
		}
		out.WriteByte('\n')
	}
	first, last := bars.At(0).Start.Format("2006-01-02"), bars.At(bars.Len()-1).Start.Format("2006-01-02")
	gap := max(1, bars.Len()-len(first)-len(last))
	return out.String() + strings.Repeat(" ", 13) + first + strings.Repeat(" ", gap) + last + "\n"
}

// cell is what bar i shows in row y.
func cell(bars *market.Candles, i, y int, row func(float64) int, colour bool) string {
	open, shut := row(bars.Open[i]), row(bars.Close[i])
	mark := " "
	switch {
	case y >= min(open, shut) && y <= max(open, shut):
		mark = "┃"
	case y >= row(bars.High[i]) && y <= row(bars.Low[i]):
		mark = "│"
	}
	if !colour || mark == " " {
		return mark
	}
	if bars.Close[i] >= bars.Open[i] {
		return "\x1b[32m" + mark + "\x1b[0m"
	}
	return "\x1b[31m" + mark + "\x1b[0m"
}
