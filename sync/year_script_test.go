package syncer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// company is an instrument with all that happens to it in a year.
type company struct {
	instrument market.Instrument
	symbol     string
	changes    []fake.Change
	byHand     []time.Time // of each change: when a person enters a split that nobody tells of; zero for never
	entered    []bool
	reused     time.Time // zero when the ticker stays
}

// yearBases are the series that are fetched, and yearFolds what derives from them.
var (
	yearBases = []market.Timeframe{market.M15, market.H1, market.D1}
	yearFolds = map[market.Timeframe]market.Timeframe{market.H4: market.H1, market.W1: market.D1, market.M30: market.M15}
)

// scripts draws what happens to each company in the year that begins at start.
type scripts struct {
	t     *testing.T
	rng   *rand.Rand
	start time.Time
}

// all are the companies; with calm nothing happens to them.
func (s scripts) all(calm bool) []*company {
	apple, vodafone, micron := s.company("AAPL"), s.company("VOD.L"), s.company("MSFT")
	bitcoin, es := s.company("BTC-USD"), s.company("ES")
	if calm {
		return []*company{apple, vodafone, micron, bitcoin, es}
	}
	s.splits(apple, 2+s.rng.IntN(3))
	s.splits(vodafone, s.rng.IntN(2))
	s.units(vodafone, s.rng.IntN(4))
	s.splits(micron, s.rng.IntN(2))
	s.error(bitcoin)
	s.reuse(micron)
	all := []*company{apple, vodafone, micron, bitcoin, es}
	for _, c := range all {
		slices.SortFunc(c.changes, func(a, b fake.Change) int { return a.Time.Compare(b.Time) })
		c.byHand, c.entered = make([]time.Time, len(c.changes)), make([]bool, len(c.changes))
		for i, change := range c.changes {
			if change.Kind == fake.ChangeSplit && s.untoldEverywhere(change) {
				c.byHand[i] = change.Time.AddDate(0, 0, 1+s.rng.IntN(12))
			}
		}
	}
	return all
}

func (s scripts) company(name string) *company {
	instrument := resolve(s.t, name)[0]
	return &company{instrument: instrument, symbol: yahoo.Symbol(instrument)}
}

// day is the open of a session so many days after the start, or of the next one.
func (s scripts) day(c *company, n int) time.Time {
	return c.instrument.Calendar.NextOpen(s.start.AddDate(0, 0, n)).UTC()
}

// splits draws splits in the first ten months, sometimes two in a week.
func (s scripts) splits(c *company, n int) {
	ratios := [][2]float64{{4, 1}, {2, 1}, {3, 2}, {1, 10}, {1, 8}, {20, 1}, {7, 5}}
	for range n {
		ratio := ratios[s.rng.IntN(len(ratios))]
		day := 20 + s.rng.IntN(270)
		if k := len(c.changes); k > 0 && s.rng.IntN(4) == 0 {
			day = int(c.changes[k-1].Time.Sub(s.start)/(24*time.Hour)) + 1 + s.rng.IntN(4)
		}
		when := s.day(c, day)
		// Two of one ratio within a week would be one whose date was corrected.
		if slices.ContainsFunc(c.changes, func(other fake.Change) bool {
			near := other.Time.Sub(when).Abs() < 10*24*time.Hour
			return other.Time.Equal(when) || near && other.Numerator*ratio[1] == other.Denominator*ratio[0]
		}) {
			continue
		}
		c.changes = append(c.changes, fake.Change{
			Kind: fake.ChangeSplit, Symbol: c.symbol, Time: when, Numerator: ratio[0], Denominator: ratio[1], Timings: s.timings(when),
		})
	}
}

// timings draws how late each interval is: a third not at all, and a quarter of all splits without a word of any.
func (s scripts) timings(when time.Time) map[market.Timeframe]fake.Timing {
	if s.rng.IntN(3) == 0 {
		return nil
	}
	late := func(most int) time.Time { return when.Add(time.Duration(s.rng.IntN(most*24)) * time.Hour) }
	silent := s.rng.IntN(4) == 0
	all := map[market.Timeframe]fake.Timing{"": {Untold: silent}}
	for _, tf := range yearBases {
		t := fake.Timing{Rows: late(5), Told: late(6), Untold: silent || s.rng.IntN(4) == 0}
		if t.Volumes = t.Rows; s.rng.IntN(3) == 0 {
			t.Volumes = t.Rows.Add(time.Duration(s.rng.IntN(72)) * time.Hour)
		}
		all[tf] = t
	}
	return all
}

func (s scripts) untoldEverywhere(c fake.Change) bool {
	return !slices.ContainsFunc(yearBases, func(tf market.Timeframe) bool { return !c.Timings[tf].Untold })
}

// units lets a London share go over to pounds and back.
func (s scripts) units(c *company, n int) {
	day, currency := 15+s.rng.IntN(60), "GBP"
	for range n {
		when := s.day(c, day)
		timings := s.timings(when)
		for tf, t := range timings {
			t.Mixed = s.rng.IntN(5) == 0
			t.Volumes = time.Time{}
			timings[tf] = t
		}
		c.changes = append(c.changes, fake.Change{
			Kind: fake.ChangeUnit, Symbol: c.symbol, Time: when, Currency: currency, Timings: timings,
		})
		day += 15 + s.rng.IntN(100)
		currency = map[string]string{"GBP": "GBp", "GBp": "GBP"}[currency]
	}
}

// error multiplies prices for a few days, and nothing explains it.
func (s scripts) error(c *company) {
	factor := []float64{10, 0.5, 1.2, 1000, 0.01}[s.rng.IntN(5)]
	from := s.start.AddDate(0, 0, 30+s.rng.IntN(250))
	c.changes = append(c.changes,
		fake.Change{Kind: fake.ChangeScale, Symbol: c.symbol, Time: from, Factor: factor},
		fake.Change{Kind: fake.ChangeScale, Symbol: c.symbol, Time: from.AddDate(0, 0, 2+s.rng.IntN(6)), Factor: 1 / factor})
}

// reuse gives the ticker to somebody else in the last months of most years.
func (s scripts) reuse(c *company) {
	if s.rng.IntN(4) == 0 {
		return
	}
	c.reused = s.day(c, 300+s.rng.IntN(50))
	change := fake.Change{Kind: fake.ChangeReuse, Symbol: c.symbol, Time: c.reused, ShortName: "Somebody else"}
	switch s.rng.IntN(3) {
	case 0:
		change.Type = "ETF"
	case 1:
		change.Currency = "EUR"
	default: // another first trade is all that tells
	}
	c.changes = append(c.changes, change)
}

// day is what goes wrong on one day.
type yearDay struct {
	faults  []fake.Fault
	refused map[market.Series]bool // whose answers are for something else, also when they are asked again
	revised []*company             // of which late bars differ from what they will be
}

// draw decides what goes wrong today. Two kinds are there for weeks: noise from the second month on, and rows after hours in
// every other.
func (y *year) draw(n int) yearDay {
	d := yearDay{refused: map[market.Series]bool{}}
	if n > 30 {
		d.faults = append(d.faults, fake.Fault{Kind: fake.Noise})
	}
	if n/30%2 == 1 {
		d.faults = append(d.faults, fake.Fault{Kind: fake.AfterHours})
	}
	one := func() *company { return y.companies[y.rng.IntN(len(y.companies))] }
	if y.rng.IntN(6) == 0 {
		c, tf := one(), yearBases[y.rng.IntN(len(yearBases))]
		f := fake.Fault{Symbol: c.symbol, Timeframe: tf, Times: 1 + y.rng.IntN(2), Kind: fake.OtherSymbol, Other: "NQ=F"}
		if kind := y.rng.IntN(3); kind > 0 {
			f.Kind = []fake.FaultKind{fake.OtherInterval, fake.OtherRows}[kind-1]
			f.Other = map[market.Timeframe]string{market.M15: "1h", market.H1: "5m", market.D1: "1h"}[tf]
		}
		// Rows that lie four times as far apart are refused by the engine, which does not ask again.
		if d.faults = append(d.faults, f); f.Times > 1 || f.Kind == fake.OtherRows && tf == market.M15 {
			d.refused[market.Series{Instrument: c.instrument.Name, Timeframe: tf}] = true
		}
	}
	if y.rng.IntN(8) == 0 {
		c := one()
		today := c.instrument.Calendar.TradingDate(y.now().Add(-4 * time.Hour))
		d.faults = append(d.faults, fake.Fault{Kind: fake.Revise, Symbol: c.symbol, From: today, To: today})
		d.revised = append(d.revised, c)
	}
	if y.rng.IntN(8) == 0 && !y.calm {
		d.faults = append(d.faults, fake.Fault{Kind: fake.Twice, Symbol: one().symbol, Delay: time.Duration(y.rng.IntN(3)) * time.Second})
	}
	return d
}

// pause is how many days go by until the next run: one mostly, now and then days to months without any.
func (y *year) pause() int {
	switch {
	case y.rng.IntN(12) > 0:
		return 1
	case y.rng.IntN(4) > 0:
		return 2 + y.rng.IntN(12)
	default:
		return 20 + y.rng.IntN(75)
	}
}

// String is the script of a company: what happens when, and how late each interval is.
func (c *company) String() string {
	text := c.symbol
	for i, s := range c.changes {
		text += fmt.Sprintf("\n\t%s %s", s.Time.Format("2006-01-02"), s.Kind)
		switch s.Kind {
		case fake.ChangeSplit:
			text += fmt.Sprintf(" %g:%g", s.Numerator, s.Denominator)
		case fake.ChangeScale:
			text += fmt.Sprintf(" %g", s.Factor)
		default:
			text += " " + s.Currency + s.Type
		}
		for _, tf := range yearBases {
			if t, ok := s.Timings[tf]; ok {
				told := map[bool]string{true: "never", false: t.Told.Format("01-02 15h")}[t.Untold]
				mixed := map[bool]string{true: " mixed"}[t.Mixed]
				text += fmt.Sprintf("; %s rows %s volumes %s told %s%s", tf, t.Rows.Format("01-02 15h"), t.Volumes.Format("01-02 15h"), told, mixed)
			}
		}
		if !c.byHand[i].IsZero() {
			text += "; by hand " + c.byHand[i].Format("01-02")
		}
	}
	return text
}
