package intake

import (
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Sifter leaves out of rows what can be no bar of its subject.
type Sifter struct {
	Subject
	Over    time.Time // up to when bars are over
	From    time.Time // bars before it are of another listing; zero for none
	Actions []market.Action
	// Vetted are rows of another archive: their starts were looked at when they were stored, and they may lie outside of sessions.
	Vetted bool
}

// Sifted are bars in order, each once, with their flags.
type Sifted struct {
	Bars    *market.Candles
	Lines   []int64
	Outside []int64 // starts of those that were left out because the exchange is closed then
}

// Line is that of bar i; 0 where lines are not known.
func (s Sifted) Line(i int) int64 {
	if i >= len(s.Lines) {
		return 0
	}
	return s.Lines[i]
}

// Sift looks at rows in the order of their starts. Before are bars that come before them, beside which prices are judged; nil for
// none. Left counts what is left out.
func (s Sifter) Sift(rows Rows, before *market.Candles, left *Left) Sifted {
	out := Sifted{Bars: market.NewCandles(rows.Bars.Len()), Lines: make([]int64, 0, rows.Bars.Len())}
	g := grid{Sifter: &s, length: int64(s.Timeframe.Length() / time.Second)}
	for i := 0; i < rows.Bars.Len(); {
		n := i + 1
		for n < rows.Bars.Len() && rows.Bars.TS[n] == rows.Bars.TS[i] {
			n++
		}
		kind, says := s.one(&g, rows.Bars, i, n)
		if kind == Outside {
			out.Outside = append(out.Outside, rows.Bars.TS[i])
		}
		if kind == "" {
			left.Repeated += int64(n - i - 1)
			appendBar(out.Bars, rows.Bars, i)
			out.Lines = append(out.Lines, rows.Lines[i])
		} else {
			for ; i < n; i++ {
				left.Add(Finding{Kind: kind, Line: rows.Lines[i], Start: time.Unix(rows.Bars.TS[i], 0).UTC(), Says: says})
			}
		}
		i = n
	}
	return s.possible(out, before, left)
}

// appendBar appends bar i of a base series to others.
func appendBar(to, from *market.Candles, i int) {
	to.TS = append(to.TS, from.TS[i])
	to.Open, to.High = append(to.Open, from.Open[i]), append(to.High, from.High[i])
	to.Low, to.Close = append(to.Low, from.Low[i]), append(to.Close, from.Close[i])
	to.Volume, to.Flags = append(to.Volume, from.Volume[i]), append(to.Flags, from.Flags[i])
}

// one judges the rows [i, n) of one start.
func (s *Sifter) one(g *grid, c *market.Candles, i, n int) (kind Kind, says string) {
	for k := i + 1; k < n; k++ {
		if !same(c, i, k) {
			return Twice, fmt.Sprintf("close %v and %v, volume %s and %s", c.Close[i], c.Close[k], volumeOf(c.Volume[i]),
				volumeOf(c.Volume[k]))
		}
	}
	start := time.Unix(c.TS[i], 0).UTC()
	switch {
	case c.Flags[i]&market.FlagImpossible != 0:
		return Impossible, "it is marked so"
	case c.High[i] < c.Low[i] && c.Flags[i]&market.FlagOutside == 0:
		return Impossible, fmt.Sprintf("its high %v is below its low %v", c.High[i], c.Low[i])
	case c.Open[i] == 0 && c.High[i] == 0 && c.Low[i] == 0 && c.Close[i] == 0:
		return Impossible, "all its prices are 0"
	case start.Before(s.From):
		return Earlier, ""
	}
	if kind := g.judge(start, c.TS[i]); kind != "" {
		return kind, ""
	}
	if start.After(s.Over.Add(-g.longest())) && s.Timeframe.End(s.Instrument.Calendar, start).After(s.Over) {
		return Running, ""
	}
	return "", ""
}

// same tells whether two rows have the same values.
func same(c *market.Candles, i, k int) bool {
	return market.SamePrice(c.Open[i], c.Open[k]) && market.SamePrice(c.High[i], c.High[k]) &&
		market.SamePrice(c.Low[i], c.Low[k]) && market.SamePrice(c.Close[i], c.Close[k]) && c.Volume[i] == c.Volume[k]
}

func volumeOf(v int64) string {
	if v == market.NoVolume {
		return "none"
	}
	return fmt.Sprint(v)
}

// possible leaves out bars with prices that cannot be true beside others.
func (s *Sifter) possible(in Sifted, before *market.Candles, left *Left) Sifted {
	all, skip := in.Bars, 0
	if before != nil && before.Len() > 0 {
		all, skip = before.Clone(), before.Len()
		all.AppendAll(in.Bars)
	}
	bad := market.PriceCheck{Instrument: s.Instrument, Actions: s.Actions}.Impossible(all)
	if bad != nil {
		out := Sifted{Bars: market.NewCandles(in.Bars.Len()), Outside: in.Outside}
		for i := range in.Bars.TS {
			if bad[skip+i] {
				b := in.Bars.At(i)
				left.Add(Finding{Kind: Impossible, Line: in.Lines[i], Start: b.Start, Says: fmt.Sprintf(
					"%v %v %v %v cannot be true beside its neighbours", b.Open, b.High, b.Low, b.Close)})
				continue
			}
			appendBar(out.Bars, in.Bars, i)
			out.Lines = append(out.Lines, in.Lines[i])
		}
		in = out
	}
	s.Instrument.SetFlags(s.Timeframe, in.Bars)
	return in
}

// grid tells whether bars of a trading date may start when they do.
type grid struct {
	*Sifter
	length     int64 // of an intraday bar in seconds; 0 for others
	from, next int64 // what belongs to the trading date
	session    calendar.Session
	trades     bool
	certain    bool
}

// longest bounds how long a bar lasts.
func (g *grid) longest() time.Duration {
	if g.length > 0 {
		return g.Timeframe.Length()
	}
	return 100 * 24 * time.Hour
}

// judge is why no bar can start at an instant; empty where one can.
func (g *grid) judge(start time.Time, ts int64) Kind {
	c := g.Instrument.Calendar
	if g.length == 0 {
		if !c.Midnight(calendar.DateOf(start.In(c.Zone))).Equal(start) || !g.Timeframe.Bucket(c, start).Equal(start) {
			return OffGrid
		}
		d := calendar.DateOf(start.In(c.Zone))
		if session, _ := c.Trades(d); g.Timeframe == market.D1 && !session && c.Certain(d) && !g.Vetted {
			return Outside
		}
		return ""
	}
	if ts < g.from || ts >= g.next {
		from, next, session, trades := c.Around(start)
		g.from, g.next, g.session, g.trades = from.Unix(), next.Unix(), session, trades
		g.certain = c.Certain(c.TradingDate(start))
	}
	switch {
	case g.Vetted:
		if ts%min(g.length, 900) != 0 {
			return OffGrid
		}
	case g.certain && !(g.trades && g.session.TradesDuring(start, g.Timeframe.Length())):
		return Outside
	case !g.usual(ts):
		return OffGrid
	}
	return ""
}

// usual tells whether an instant is on the grid of the session, or of one of its parts.
func (g *grid) usual(ts int64) bool {
	if (ts-g.from)%g.length == 0 {
		return true
	}
	if !g.certain {
		return ts%min(g.length, 900) == 0
	}
	if (ts-g.session.Open.Unix())%g.length == 0 {
		return true
	}
	for _, b := range g.session.Breaks {
		if to := b.To.Unix(); ts >= to && (ts-to)%g.length == 0 {
			return true
		}
	}
	return g.Instrument.Root != "" && g.session.Short && ts%g.length == g.length/2
}

// Shift finds by how much bars are late or early that lie outside of sessions, as those do whose zone was named wrongly, or whose
// times are those of their ends: by so much all but a few would lie inside. False where no shift explains them. Starts are all
// bars of some days, those outside among them.
func (s Sifter) Shift(starts []int64) (by time.Duration, explains bool) {
	const step, most = 1800, 28 // up to 14 hours
	c, length := s.Instrument.Calendar, s.Timeframe.Length()
	outside := func(by int64) (n int) {
		for _, ts := range starts {
			at := time.Unix(ts+by, 0)
			if session, ok := c.SessionAt(at); !ok || !session.TradesDuring(at, length) {
				n++
			}
		}
		return n
	}
	tries := []int64{-int64(length / time.Second), int64(length / time.Second)}
	for k := int64(1); k <= most; k++ {
		tries = append(tries, k*step, -k*step)
	}
	now := outside(0)
	least := now
	for _, try := range tries {
		if n := outside(try); n < least {
			least, by = n, time.Duration(try)*time.Second
		}
	}
	return by, by != 0 && least*4 < now
}
