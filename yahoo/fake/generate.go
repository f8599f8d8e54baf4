package fake

import (
	"math"
	"slices"
	"time"
)

// source gives the final bars of one series, without what the provider does to them on the way out.
type source interface {
	// intraday appends the bars that start in [from, to].
	intraday(t *table, from, to int64)
	// day is the daily bar of a trading date, given in days since 1970.
	day(date int) (bar, bool)
	// traded tells whether the series has any bar on a calendar date.
	traded(p *plan) bool
	// price is the last price paid at an instant.
	price(at int64) float64
	// recorded tells that the bars come from a folder and are to be served value for value.
	recorded() bool
}

// generator makes bars up: each is a pure function of the seed, the symbol, the interval and its start. It serves one
// goroutine.
type generator struct {
	listing  *listing
	interval interval
	curve    *curve
	key      uint64
	samples  int64       // a bar's interior is looked at in this many steps
	wick     float64     // the most that high and low reach beyond what was sampled, as a part of the price
	hours    [24]float64 // weight of each hour in a future's volume
	noHoles  bool
	noOdd    bool
}

func newGenerator(l *listing, iv interval, o *Options) *generator {
	g := &generator{
		listing: l, interval: iv, curve: newCurve(l.key, l.profile.price*l.basis, l.profile.restless),
		noHoles: o.NoHoles, noOdd: o.NoOddRows, samples: 2,
		hours: [24]float64{
			0.3, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5, 0.6, 0.9, 2.3, 3.2, 2.5, 1.9, 1.8, 2.1, 3.4, 1.1, 0.2, 0.5, 0.5, 0.5, 0.4, 0.3, 0.3,
		},
	}
	length, name := iv.seconds, iv.served
	switch {
	case length == 0: // weeks and longer are sums of the same days
		length, name, g.samples = day, "1d", 8
	case length >= 15*minute:
		g.samples = 4
	}
	g.key = mixText(l.key, l.symbol+name)
	g.wick = 0.00006 * math.Sqrt(float64(length/minute)) * l.profile.restless
	return g
}

func (g *generator) recorded() bool { return false }

func (g *generator) traded(p *plan) bool {
	spans := p.of(g.interval.seconds)
	return len(spans) > 0 && spans[0].from <= g.listing.last && spans[len(spans)-1].to > g.listing.first
}

func (g *generator) price(at int64) float64 { return g.round(g.curve.at(at)) }

// round gives the nearest tick, in the single precision in which the provider keeps prices.
func (g *generator) round(price float64) float64 {
	return float64(float32(math.Floor(price*g.listing.inverse+0.5) / g.listing.inverse))
}

func (g *generator) intraday(t *table, from, to int64) {
	from, to = max(from, g.listing.first), min(to, g.listing.last)
	if from > to {
		return
	}
	a := g.listing.almanac
	last := a.dayOf(to)
	for n := a.dayOf(from); n <= last; n++ {
		p := a.plan(n)
		for _, s := range p.of(g.interval.seconds) {
			g.piece(t, p, s, from, to)
		}
	}
}

// piece appends the bars of one piece of a session.
func (g *generator) piece(t *table, p *plan, s span, from, to int64) {
	length := g.interval.seconds
	low := max(from, s.from)
	for ts := s.open + ceilDiv(low-s.open, length)*length; ts < s.to && ts <= to; ts += length {
		if !g.noHoles && g.hole(p, s, ts) {
			continue
		}
		h := mix(g.key, uint64(ts))
		b := g.prices(ts, min(ts+length, s.until), h)
		g.offTick(&b, h)
		b.volume = g.volume(ts-p.midnight, float64(ts-s.open)/float64(s.until-s.open), h)
		t.add(ts, b)
	}
}

// prices are a bar's four: the curve at both ends, and the range of what is sampled in between with a wick on either side.
func (g *generator) prices(start, end int64, h uint64) bar {
	open, close := g.curve.at(start), 0.0
	high, low := open, open
	for i := int64(1); i <= g.samples; i++ {
		close = g.curve.at(start + (end-start)*i/g.samples)
		high, low = max(high, close), min(low, close)
	}
	reach := g.wick * high
	up, down := float64(h&0xffff)/0x10000, float64(h>>16&0xffff)/0x10000
	return bar{open: g.round(open), high: g.round(high + reach*up), low: g.round(low - reach*down), close: g.round(close)}
}

// hole tells whether the provider lacks a bar: NQ and MNQ lack most days' 00:00 in 5m, and hourly bars of index futures
// miss 10:00 to 15:00 on quarterly expiry Fridays.
func (g *generator) hole(p *plan, s span, ts int64) bool {
	root := g.listing.instrument.Root
	switch {
	case g.interval.seconds == 5*minute:
		return ts == p.midnight && (root == "NQ" || root == "MNQ") && mix(g.key, uint64(p.midnight))%7 != 0
	case g.interval.seconds < hour || !indexRoot(root):
		return false
	}
	clock := ts - p.midnight
	return clock >= 10*hour && clock < 16*hour && expiry(s.date)
}

// indexRoot tells whether a root is a US equity index future.
func indexRoot(root string) bool {
	return slices.Contains([]string{"ES", "NQ", "YM", "RTY", "MES", "MNQ", "MYM", "M2K"}, root)
}

// expiry tells whether a date is the third Friday of a quarter's last month.
func expiry(date int) bool {
	d := dateOf(date)
	return d.Month%3 == 0 && d.Weekday() == time.Friday && d == thirdFriday(d.Year, d.Month)
}

// offTick moves a rare close of a future off its tick.
func (g *generator) offTick(b *bar, h uint64) {
	if g.noOdd || !g.listing.future() || (h>>32)%2003 != 0 {
		return
	}
	b.close = float64(float32(b.close + 0.4/g.listing.inverse))
	b.high, b.low = max(b.high, b.close), min(b.low, b.close)
}

// volume is a hash within a profile of the day; sinceMidnight is in seconds, position in the session from 0 to 1.
func (g *generator) volume(sinceMidnight int64, position float64, h uint64) int64 {
	weight := 0.6 + 1.6*(2*position-1)*(2*position-1)
	if g.listing.future() {
		weight = g.hours[(sinceMidnight/hour)%24]
	}
	mean := g.listing.profile.perMinute * float64(g.interval.seconds/minute) * weight
	return int64(mean * (0.4 + 1.2*float64(h>>48)/0x10000))
}

func (g *generator) day(date int) (bar, bool) {
	p := g.listing.almanac.plan(date)
	if !p.trades || p.close <= g.listing.first || p.open > g.listing.last {
		return bar{}, false
	}
	h := mix(g.key, uint64(date))
	b := g.prices(p.open, p.close, h)
	minutes := float64((p.close - p.open) / minute)
	b.volume = int64(g.listing.profile.perMinute * minutes * (0.6 + 0.8*float64(h>>48)/0x10000))
	if !g.noOdd {
		g.oddDay(&b, date, h)
	}
	return b, true
}

// oddDay imitates what the recordings hold of daily bars: the one negative settlement of crude oil, and gold's days (7 of
// 100) whose close lies outside high and low.
func (g *generator) oddDay(b *bar, date int, h uint64) {
	switch root := g.listing.instrument.Root; {
	case root == "CL" && date == 18372: // 2020-04-20
		*b = bar{open: 17.73, high: 17.85, low: -40.32, close: -37.63, volume: 250_000}
	case root != "GC" || (h>>32)%14 != 0:
	case b.close < b.open:
		b.low = b.open
	case b.close > b.open:
		b.high = b.open
	}
}
