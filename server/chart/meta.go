package chart

import (
	"math"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// meta is the member of the same name. What the provider tells beside it and the archive does not know is left out.
type meta struct {
	Currency             string   `json:"currency"`
	Symbol               string   `json:"symbol"`
	ExchangeName         string   `json:"exchangeName"`
	InstrumentType       string   `json:"instrumentType"`
	FirstTradeDate       *int64   `json:"firstTradeDate"` // null where it is not known
	RegularMarketTime    int64    `json:"regularMarketTime"`
	HasPrePostMarketData bool     `json:"hasPrePostMarketData"`
	GMTOffset            int      `json:"gmtoffset"`
	Timezone             string   `json:"timezone"`
	ExchangeTimezoneName string   `json:"exchangeTimezoneName"`
	RegularMarketPrice   float64  `json:"regularMarketPrice"`
	DayHigh              *float64 `json:"regularMarketDayHigh,omitempty"` // of 1d, whose newest bar tells it
	DayLow               *float64 `json:"regularMarketDayLow,omitempty"`
	DayVolume            *int64   `json:"regularMarketVolume,omitempty"`
	ShortName            string   `json:"shortName,omitempty"`
	PriceHint            int      `json:"priceHint"`
	CurrentTradingPeriod periods  `json:"currentTradingPeriod"`
	// TradingPeriods are of intraday bars, one list for each date that has any: clients leave out what lies outside.
	TradingPeriods  [][]period `json:"tradingPeriods,omitempty"`
	DataGranularity string     `json:"dataGranularity"`
	Range           string     `json:"range"`
	ValidRanges     []string   `json:"validRanges"`
}

type periods struct {
	Pre     period `json:"pre"`
	Regular period `json:"regular"`
	Post    period `json:"post"`
}

// period is a span of trading; its offset, in seconds, is that of its beginning.
type period struct {
	Timezone  string `json:"timezone"`
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	GMTOffset int    `json:"gmtoffset"`
}

// meta describes the instrument by what the provider last said of it, and its market by the newest bar: the time of the last
// trade is the end of that bar, at the latest now.
func (a *answer) meta(stamps []int64) *meta {
	zone := a.instrument.Calendar.Zone
	name, offset := a.now.In(zone).Zone()
	last := a.q.interval.End(a.instrument.Calendar, a.newest.Start)
	if last.After(a.now) {
		last = a.now
	}
	m := &meta{
		Currency: a.listing.Currency, Symbol: a.symbol, ExchangeName: a.listing.Exchange, InstrumentType: a.kind(),
		RegularMarketTime: last.Unix(), GMTOffset: offset, Timezone: name, ExchangeTimezoneName: zone.String(),
		RegularMarketPrice: a.newest.Close, ShortName: a.listing.ShortName, PriceHint: a.digits(),
		CurrentTradingPeriod: a.tradingNow(), DataGranularity: string(a.q.interval), Range: a.q.rangeText, ValidRanges: ranges(),
	}
	if a.q.interval.Intraday() {
		m.TradingPeriods = a.tradingPeriods(stamps)
	}
	if first := a.listing.FirstTrade; !first.IsZero() {
		seconds := first.Unix()
		m.FirstTradeDate = &seconds
	}
	if a.q.interval == market.D1 {
		m.DayHigh, m.DayLow = &a.newest.High, &a.newest.Low
		if a.newest.Volume != market.NoVolume {
			m.DayVolume = &a.newest.Volume
		}
	}
	return m
}

// kind is the type of the instrument as the provider spells it; where it said nothing, the name tells.
func (a *answer) kind() string {
	switch {
	case a.listing.Type != "":
		return a.listing.Type
	case a.instrument.Kind == market.KindFuture, a.instrument.Kind == market.KindContract:
		return "FUTURE"
	case a.instrument.Kind == market.KindCrypto:
		return "CRYPTOCURRENCY"
	case a.instrument.Kind == market.KindCurrency:
		return "CURRENCY"
	case a.instrument.Name[0] == '^':
		return "INDEX"
	}
	return "EQUITY"
}

// digits are the decimals in which prices are shown: those of the tick, or two.
func (a *answer) digits() int {
	tick := a.instrument.Tick
	for n := range 10 {
		scaled := tick * math.Pow10(n)
		if tick > 0 && math.Abs(scaled-math.Round(scaled)) < 1e-6 {
			return n
		}
	}
	return 2
}

// tradingNow is the session that now belongs to, or its usual hours on a holiday.
func (a *answer) tradingNow() periods {
	c := a.instrument.Calendar
	begins, ends, session, trades := c.Around(a.now)
	if trades {
		begins, ends = session.Open, session.Close
	}
	return periods{a.period(begins, begins), a.period(begins, ends), a.period(ends, ends)}
}

// tradingPeriods are those of the dates of bars: of a share its session, of anything else the whole date.
func (a *answer) tradingPeriods(stamps []int64) (all [][]period) {
	c, next := a.instrument.Calendar, market.FirstTS
	for _, ts := range stamps {
		if ts < next {
			continue
		}
		date := calendar.DateOf(time.Unix(ts, 0).In(c.Zone))
		begins, ends := c.Midnight(date), c.Midnight(date.AddDays(1))
		next = ends.Unix()
		if a.instrument.Kind == market.KindSpot && !c.Inferred {
			session, trades := c.Session(date)
			if !trades {
				continue // a date that the calendar takes for closed: nothing is outside
			}
			begins, ends = session.Open, session.Close
		}
		all = append(all, []period{a.period(begins, ends)})
	}
	return all
}

func (a *answer) period(start, end time.Time) period {
	name, offset := start.In(a.instrument.Calendar.Zone).Zone()
	return period{name, start.Unix(), end.Unix(), offset}
}
