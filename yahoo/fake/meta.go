package fake

import (
	"strconv"
	"time"

	"barkeep/market"
)

// meta is the member of the same name of a body, with the keys of the recordings of 2025 and 2026.
type meta struct {
	Currency             string     `json:"currency"`
	Symbol               string     `json:"symbol"`
	ExchangeName         string     `json:"exchangeName"`
	FullExchangeName     string     `json:"fullExchangeName"`
	InstrumentType       string     `json:"instrumentType"`
	FirstTradeDate       int64      `json:"firstTradeDate"`
	RegularMarketTime    int64      `json:"regularMarketTime"`
	HasPrePostMarketData bool       `json:"hasPrePostMarketData"`
	GMTOffset            int        `json:"gmtoffset"`
	Timezone             string     `json:"timezone"`
	ExchangeTimezoneName string     `json:"exchangeTimezoneName"`
	RegularMarketPrice   float64    `json:"regularMarketPrice"`
	FiftyTwoWeekHigh     float64    `json:"fiftyTwoWeekHigh"`
	FiftyTwoWeekLow      float64    `json:"fiftyTwoWeekLow"`
	DayHigh              float64    `json:"regularMarketDayHigh"`
	DayLow               float64    `json:"regularMarketDayLow"`
	DayVolume            int64      `json:"regularMarketVolume"`
	ShortName            string     `json:"shortName"`
	ChartPreviousClose   float64    `json:"chartPreviousClose"`
	PreviousClose        *float64   `json:"previousClose,omitempty"` // intraday only, as are scale and tradingPeriods
	Scale                int        `json:"scale,omitempty"`
	PriceHint            int        `json:"priceHint"`
	CurrentTradingPeriod periods    `json:"currentTradingPeriod"`
	TradingPeriods       [][]period `json:"tradingPeriods,omitempty"`
	DataGranularity      string     `json:"dataGranularity"`
	Range                string     `json:"range"`
	ValidRanges          []string   `json:"validRanges"`
}

type periods struct {
	Pre     period `json:"pre"`
	Regular period `json:"regular"`
	Post    period `json:"post"`
}

// period is a span of trading; its offset, in seconds, is its own.
type period struct {
	Timezone  string `json:"timezone"`
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	GMTOffset int    `json:"gmtoffset"`
}

// meta describes the symbol as it stands now; the offset from GMT is today's, whatever the window.
func (s *series) meta(rangeText string) *meta {
	l := s.listing
	zone := l.almanac.calendar.Zone
	name, offset := time.Unix(s.state.now, 0).In(zone).Zone()
	price := s.source.price(s.state.last)
	m := &meta{
		Currency: s.currency, Symbol: l.symbol, ExchangeName: l.profile.exchange,
		FullExchangeName: l.profile.fullExchange, InstrumentType: l.profile.kind, FirstTradeDate: l.first,
		RegularMarketTime: s.state.last, HasPrePostMarketData: l.profile.kind == "EQUITY", GMTOffset: offset, Timezone: name,
		ExchangeTimezoneName: zone.String(), RegularMarketPrice: short(price), FiftyTwoWeekHigh: short(price * 1.12),
		FiftyTwoWeekLow: short(price * 0.84), DayHigh: short(price), DayLow: short(price),
		ShortName: l.name, ChartPreviousClose: short(s.source.price(s.from - 1)),
		PriceHint: l.profile.hint, CurrentTradingPeriod: s.tradingNow(), DataGranularity: s.interval.served, Range: rangeText,
		ValidRanges: []string{"1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"},
	}
	if day, ok := s.runningDay(); ok && s.interval.seconds == 0 {
		m.RegularMarketPrice, m.DayHigh, m.DayLow = short(day.close), short(day.high), short(day.low)
		m.DayVolume = max(0, day.volume)
	}
	if s.interval.seconds > 0 {
		m.PreviousClose, m.Scale, m.TradingPeriods = &m.ChartPreviousClose, 3, s.tradingPeriods()
	}
	return m
}

// short drops the tail that single precision left, as the provider does in meta.
func short(price float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(price, 'g', -1, 32), 64)
	if err != nil {
		return price
	}
	return v
}

// tradingNow is the trading period of the day that is on or was last: for what has no opening bell the whole date but its
// last minute.
func (s *series) tradingNow() periods {
	a := s.listing.almanac
	p := a.plan(a.dayOf(s.state.now))
	if s.listing.instrument.Kind != market.KindSpot {
		whole := s.period(p.midnight, p.next-minute)
		return periods{s.period(whole.Start, whole.Start), whole, s.period(whole.End, whole.End)}
	}
	p = a.plan(s.state.span.date)
	before, after := p.open, p.close
	if a.calendar.Name == "XNYS" {
		before, after = p.open-5*hour-hour/2, p.close+4*hour
	}
	return periods{s.period(before, p.open), s.period(p.open, p.close), s.period(p.close, after)}
}

func (s *series) period(start, end int64) period {
	name, offset := time.Unix(start, 0).In(s.listing.almanac.calendar.Zone).Zone()
	return period{name, start, end, offset}
}

// tradingPeriods lists the trading of each date of the window, each in a list of its own.
func (s *series) tradingPeriods() [][]period {
	a := s.listing.almanac
	var all [][]period
	for n, last := a.dayOf(max(s.from, s.listing.first)), a.dayOf(min(s.to, s.state.last)); n <= last; n++ {
		switch p := a.plan(n); {
		case len(p.spans) == 0:
		case s.listing.instrument.Kind != market.KindSpot:
			all = append(all, []period{s.period(p.midnight, p.next-minute)})
		default:
			all = append(all, []period{s.period(p.open, p.close)})
		}
	}
	return all
}
