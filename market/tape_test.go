package market_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// tape is a market whose true values are known: what was traded bar by bar, and the splits.
type tape struct {
	cal    *calendar.Calendar
	tf     market.Timeframe
	traded *market.Candles
	splits []market.Action // the oldest first
}

// newTape walks at random from 200, with so much volatility a day.
func newTape(t rapid.TB, exchange string, tf market.Timeframe, from, to string, seed uint64, daily float64, splits ...market.Action,
) *tape {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	p := &tape{cal: calendarOf(t, exchange), tf: tf, traded: market.NewCandles(0), splits: splits}
	price, shares, next := 200.0, 1.0, 0
	var day calendar.Date
	perDay := 1.0
	if tf.Intraday() {
		perDay = float64(7 * time.Hour / tf.Length())
	}
	tf.Expected(p.cal, market.Window{From: at(t, p.cal.Zone, from+" 00:00"), To: at(t, p.cal.Zone, to+" 00:00")}, func(start time.Time) bool {
		for next < len(splits) && !start.Before(splits[next].Cutoff(p.cal)) {
			price, shares = price/splits[next].Ratio(), shares*splits[next].Ratio()
			next++
		}
		step := daily / math.Sqrt(2*perDay)
		if date := calendar.DateOf(start.In(p.cal.Zone)); date != day {
			day = date
			price *= math.Exp(random.NormFloat64() * daily / math.Sqrt2) // overnight
		}
		open := price
		price *= math.Exp(random.NormFloat64() * step)
		p.traded.Append(market.Candle{
			Start: start, Open: open, Close: price, High: max(open, price) * math.Exp(random.Float64()*step),
			Low: min(open, price) * math.Exp(-random.Float64()*step), Volume: int64((1000 + random.Float64()*50_000) * shares),
		})
		return true
	})
	return p
}

// as are the bars when a provider has applied the first so many splits to prices and volumes.
func (p *tape) as(prices, volumes int) *market.Candles {
	c := copied(p.traded)
	for i, s := range p.splits {
		f := market.SplitFactor(s)
		if i >= prices {
			f.Price = market.Ratio{}
		}
		if i >= volumes {
			f.Volume = market.Ratio{}
		}
		market.Step{Before: s.Cutoff(p.cal), Factor: f}.Apply(c)
	}
	return c
}

// span are bars from one date to another, which is not part of it.
func (p *tape) span(t rapid.TB, c *market.Candles, from, to string) *market.Candles {
	t.Helper()
	return copied(c.In(market.Window{From: at(t, p.cal.Zone, from+" 00:00"), To: at(t, p.cal.Zone, to+" 00:00")}))
}

func copied(c *market.Candles) *market.Candles {
	n := market.NewCandles(c.Len())
	for i := range c.Len() {
		n.Append(c.At(i))
	}
	return n
}

// joined are two runs of bars, the second one's where both have one.
func joined(a, b *market.Candles) *market.Candles {
	n := market.NewCandles(a.Len() + b.Len())
	for i, j := 0, 0; i < a.Len() || j < b.Len(); {
		switch {
		case j == b.Len() || i < a.Len() && a.TS[i] < b.TS[j]:
			n.Append(a.At(i))
			i++
		case i == a.Len() || b.TS[j] < a.TS[i]:
			n.Append(b.At(j))
			j++
		default:
			n.Append(b.At(j))
			i, j = i+1, j+1
		}
	}
	return n
}

// settle does what a verdict says, and returns the archive with the answer in it.
func settle(v market.Verdict, stored, answer *market.Candles) *market.Candles {
	stored, answer = copied(stored), copied(answer)
	for _, step := range v.Restate {
		step.Apply(stored)
	}
	for _, step := range v.Answer {
		step.Apply(answer)
	}
	return joined(stored, answer)
}

// differs names the first bar whose values are not those that are true; empty when all are.
func differs(got, truth *market.Candles) string {
	for i, j := 0, 0; i < got.Len(); i++ {
		for j < truth.Len() && truth.TS[j] < got.TS[i] {
			j++
		}
		g, w := got.At(i), truth.At(min(j, truth.Len()-1))
		near := func(a, b float64) bool { return market.SamePrice(a, b) }
		if !g.Start.Equal(w.Start) || !near(g.Open, w.Open) || !near(g.High, w.High) || !near(g.Low, w.Low) || !near(g.Close, w.Close) ||
			g.Volume-w.Volume > 1 || w.Volume-g.Volume > 1 {
			return g.Start.Format(time.DateTime) + ": close " + plain(g.Close, g.Volume) + ", true is " + plain(w.Close, w.Volume)
		}
	}
	return ""
}

func arrivedAt(t testing.TB, zone *time.Location, text string) func(int64) (time.Time, bool) {
	t.Helper()
	when := at(t, zone, text)
	return func(int64) (time.Time, bool) { return when, true }
}
