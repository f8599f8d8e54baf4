package draw

import (
	"math"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// tick is a price on the axis.
type tick struct {
	price float64
	text  string
}

// ticksOf are round prices between two others, about one for each three lines.
func ticksOf(low, high float64, lines int) (all []tick) {
	step := roundStep((high - low) / math.Max(2, float64(lines)/3))
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for k := math.Ceil(low / step); k*step <= high; k++ {
		all = append(all, tick{k * step, strconv.FormatFloat(k*step, 'f', decimals, 64)})
		if len(all) > 3*lines { // what is too small beside its size has no steps
			break
		}
	}
	return all
}

// roundStep is the next of 1, 2, 2.5 and 5 times a power of ten.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, n := range []float64{1, 2, 2.5, 5, 10} {
		if n*power >= least {
			return n * power
		}
	}
	return 10 * power
}

// label is the price of a line, or room of its width.
func label(ticks []tick, here func(price float64) bool) string {
	for _, t := range ticks {
		if here(t.price) {
			text := t.text
			if len(text) > labelWidth-2 {
				text = strconv.FormatFloat(t.price, 'g', 5, 64)
			}
			return strings.Repeat(" ", max(0, labelWidth-1-len(text))) + text + "┤"
		}
	}
	return strings.Repeat(" ", labelWidth-1) + "│"
}

// dates are the labels of the time axis: those that fit, of the columns where something new begins.
func (c Chart) dates(columns []column) string {
	room := c.Width - labelWidth
	line := []rune(strings.Repeat(" ", room))
	free := 0
	days := map[string]bool{}
	for _, k := range columns {
		days[k.date.String()] = true
	}
	put := func(at int, text string) {
		if text != "" && at >= free && at+len(text) <= room {
			copy(line[at:], []rune(text))
			free = at + len(text) + 1
		}
	}
	for i, k := range columns {
		if k.line {
			continue
		}
		before := column{}
		for j := i - 1; j >= 0 && before.start.IsZero(); j-- {
			if !columns[j].line {
				before = columns[j]
			}
		}
		put(i, labelOf(k, before, c.Timeframe, len(days) == 1, c.Calendar.Zone))
	}
	return string(line)
}

// labelOf is what a column is labelled with: the time within one session, the date of a new session, or a new month.
func labelOf(k, before column, timeframe market.Timeframe, single bool, zone *time.Location) string {
	switch {
	case single && timeframe.Intraday():
		if local := k.start.In(zone); before.start.IsZero() || local.Hour() != before.start.In(zone).Hour() {
			return local.Format("15:04")
		}
	case timeframe.Intraday():
		if k.date != before.date {
			return time.Date(k.date.Year, k.date.Month, k.date.Day, 0, 0, 0, 0, time.UTC).Format("Jan 2")
		}
	case !before.start.IsZero() && k.date.Year != before.date.Year:
		return strconv.Itoa(k.date.Year)
	case before.start.IsZero() || k.date.Month != before.date.Month:
		return k.date.Month.String()[:3]
	}
	return ""
}
