package draw

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Chart is a picture of bars.
type Chart struct {
	Bars      *market.Candles // in order
	Gaps      []market.Gap    // what is absent, in order; only what lies between the first and the last bar is drawn
	Timeframe market.Timeframe
	Calendar  *calendar.Calendar
	Width     int  // of a line, in cells; at least 40
	Height    int  // of the candles, in lines; at least 4
	Colour    bool // rising bars green, falling ones red
}

// labelWidth is the room of the prices on the left.
const labelWidth = 11

// The colours.
const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	grey  = "\x1b[90m"
	plain = "\x1b[0m"
)

// slot is the place of one bar on the axis: a bar, or one that is expected and absent.
type slot struct {
	start int64
	bar   int // in Bars; -1 where it is absent
	date  calendar.Date
}

// column is a column of the picture: one bar or several that are drawn as one, only absent ones, or the line between two
// sessions.
type column struct {
	start  time.Time
	date   calendar.Date
	bar    market.Candle
	some   bool // it has bars
	absent bool // it has absent ones
	line   bool // a new session begins
}

// String draws it: the candles with their prices on the left, the volumes, and the time.
func (c Chart) String() string {
	if c.Bars.Len() == 0 {
		return "(no bars)\n"
	}
	c.Width, c.Height = max(40, c.Width), max(4, c.Height)
	columns, each := c.columns()
	var out strings.Builder
	c.candles(&out, columns)
	c.volumes(&out, columns)
	out.WriteString(strings.TrimRight(strings.Repeat(" ", labelWidth)+c.dates(columns), " ") + "\n")
	if each > 1 {
		note := fmt.Sprintf("(a column is up to %d bars)", each)
		fmt.Fprintf(&out, "%*s\n", min(c.Width, labelWidth+len(note)), note)
	}
	return out.String()
}

// slots are the bars and what is absent between them.
func (c Chart) slots() (all []slot) {
	first, last := c.Bars.TS[0], c.Bars.TS[c.Bars.Len()-1]
	add := func(start int64, bar int) {
		all = append(all, slot{start: start, bar: bar, date: c.dateOf(time.Unix(start, 0))})
	}
	for i, ts := range c.Bars.TS {
		add(ts, i)
	}
	for _, g := range c.Gaps {
		w := market.Window{From: g.First, To: g.Last.Add(time.Second)}
		c.Timeframe.Expected(c.Calendar, w, func(start time.Time) bool {
			if ts := start.Unix(); ts > first && ts < last {
				if _, found := slices.BinarySearch(c.Bars.TS, ts); !found {
					add(ts, -1)
				}
			}
			return start.Unix() < last
		})
	}
	slices.SortStableFunc(all, func(a, b slot) int { return cmp.Compare(a.start, b.start) })
	return all
}

// dateOf is the date of a bar's session.
func (c Chart) dateOf(start time.Time) calendar.Date {
	if c.Timeframe.Intraday() {
		return c.Calendar.TradingDate(start)
	}
	return calendar.DateOf(start.In(c.Calendar.Zone))
}

// columns puts as many bars into a column as it takes for all of them to fit, and no more, so that the picture is as wide as
// may be: some columns have one bar more than others. Sessions are apart as long as there is room for that. Each is the most
// bars of a column.
func (c Chart) columns() (columns []column, each int) {
	slots, room := c.slots(), c.Width-labelWidth
	for _, apart := range []bool{c.Timeframe.Intraday(), false} {
		least, most := 1.0, float64(len(slots))
		if apart {
			most = float64(c.mostOf(slots))
		}
		if columns = c.grouped(slots, most, apart); len(columns) > room {
			continue // there are more sessions than that
		}
		if all := c.grouped(slots, least, apart); len(all) <= room {
			return all, 1
		}
		for most-least > 1.0/float64(4*room) {
			middle := (least + most) / 2
			if some := c.grouped(slots, middle, apart); len(some) <= room {
				columns, most = some, middle
			} else {
				least = middle
			}
		}
		return columns, int(math.Ceil(most))
	}
	return columns, len(slots)
}

// mostOf is how many bars the longest session has.
func (c Chart) mostOf(slots []slot) (most int) {
	n := 0
	for i, s := range slots {
		if n++; i > 0 && s.date != slots[i-1].date {
			n = 1
		}
		most = max(most, n)
	}
	return most
}

// grouped puts so many bars into a column, on average. Apart, a column is of one session, and a line is between two.
func (c Chart) grouped(slots []slot, each float64, apart bool) (columns []column) {
	n := 0 // of the session, or of all
	for i, s := range slots {
		begins := apart && i > 0 && s.date != slots[i-1].date
		if begins {
			columns = append(columns, column{line: true, date: s.date, start: time.Unix(s.start, 0).UTC()})
		}
		if begins {
			n = 0
		}
		if i == 0 || begins || int(float64(n)/each) != int(float64(n-1)/each) {
			columns = append(columns, column{start: time.Unix(s.start, 0).UTC(), date: s.date})
		}
		columns[len(columns)-1].add(c.Bars, s)
		n++
	}
	return columns
}

// add adds a bar to a column.
func (c *column) add(bars *market.Candles, s slot) {
	if s.bar < 0 {
		c.absent = true
		return
	}
	b := bars.At(s.bar)
	if !c.some {
		c.bar, c.some = b, true
		c.bar.Volume = max(0, b.Volume)
		return
	}
	c.bar.High, c.bar.Low, c.bar.Close = math.Max(c.bar.High, b.High), math.Min(c.bar.Low, b.Low), b.Close
	c.bar.Volume += max(0, b.Volume)
}

// candles draws them with two halves a cell.
func (c Chart) candles(out *strings.Builder, columns []column) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, k := range columns {
		if k.some {
			low, high = math.Min(low, min(k.bar.Low, k.bar.Open, k.bar.Close)), math.Max(high, max(k.bar.High, k.bar.Open, k.bar.Close))
		}
	}
	if !(high > low) {
		pad := math.Max(math.Abs(low)/1000, 1e-9)
		low, high = low-pad, high+pad
	}
	halves := 2*c.Height - 1
	half := func(price float64) int { return int(math.Round((high - price) / (high - low) * float64(halves))) }
	ticks := ticksOf(low, high, c.Height)
	for y := range c.Height {
		out.WriteString(label(ticks, func(price float64) bool { return half(price)/2 == y }))
		line := ""
		for _, k := range columns {
			line += k.cell(half, y, c.Colour)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// cell is what a column shows in a line.
func (c column) cell(half func(float64) int, y int, colour bool) string {
	paint := func(code, text string) string {
		if !colour {
			return text
		}
		return code + text + plain
	}
	switch {
	case c.line:
		return paint(grey, "┊")
	case !c.some:
		return paint(grey, "░")
	}
	top, bottom := half(max(c.bar.Open, c.bar.Close)), half(min(c.bar.Open, c.bar.Close))
	high, low := half(c.bar.High), half(c.bar.Low)
	weight := func(at int) int {
		switch {
		case at >= top && at <= bottom:
			return 2
		case at >= high && at <= low:
			return 1
		}
		return 0
	}
	glyph := []string{" ", "╷", "╻", "╵", "│", "╽", "╹", "╿", "┃"}[3*weight(2*y)+weight(2*y+1)]
	switch {
	case glyph == " ":
		return glyph
	case c.bar.Close >= c.bar.Open:
		return paint(green, glyph)
	default:
		return paint(red, glyph)
	}
}

// volumes draws one line of them, where there are any.
func (c Chart) volumes(out *strings.Builder, columns []column) {
	most := int64(0)
	for _, k := range columns {
		most = max(most, k.bar.Volume)
	}
	if most == 0 {
		return
	}
	steps := []rune(" ▁▂▃▄▅▆▇█")
	line := make([]rune, len(columns))
	for i, k := range columns {
		line[i] = steps[int(math.Ceil(float64(k.bar.Volume)/float64(most)*float64(len(steps)-1)))]
	}
	text := strings.TrimRight(string(line), " ")
	if c.Colour {
		text = grey + text + plain
	}
	fmt.Fprintf(out, "%*s %s\n", labelWidth-1, shortNumber(most), text)
}

// shortNumber is a count in at most five characters.
func shortNumber(n int64) string {
	switch x := float64(n); {
	case n >= 1e9:
		return fmt.Sprintf("%.3gG", x/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3gM", x/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.3gk", x/1e3)
	default:
		return strconv.FormatInt(n, 10)
	}
}

// Columns is how many bars fit into a line of this width, without the lines between sessions.
func Columns(width int) int { return max(40, width) - labelWidth }
