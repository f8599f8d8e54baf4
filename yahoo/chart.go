package yahoo

import (
	"math"
	"time"
)

// NullVolume stands in Chart.Volume where the body says null; no whole number that a body may hold equals it.
const NullVolume int64 = math.MinInt64

// Chart is one body of the chart endpoint, as served: nothing sorted, dropped or corrected.
//
// The columns are as long as TS, or nil where the body has none of that name. A body without timestamps holds no rows,
// whatever its columns say.
type Chart struct {
	Meta   Meta
	TS     []int64 // Unix seconds; starts of bars, but for the live row
	Open   []float64
	High   []float64
	Low    []float64
	Close  []float64
	Volume []int64 // NullVolume where null
	// The corporate actions, each kind in the order of the body.
	Splits       []Split
	Dividends    []Payment
	CapitalGains []Payment
	Failed       Failure // what the provider said instead of an answer; zero when it said nothing
}

// Len is the number of rows, null rows included.
func (c *Chart) Len() int { return len(c.TS) }

// Full tells whether row i has all four prices. A price that the body gives as null is NaN in its column.
func (c *Chart) Full(i int) bool {
	return has(c.Open, i) && has(c.High, i) && has(c.Low, i) && has(c.Close, i)
}

func (c *Chart) clearEvents() { c.Splits, c.Dividends, c.CapitalGains = nil, nil, nil }

func has(column []float64, i int) bool { return column != nil && !math.IsNaN(column[i]) }

// Meta is what the body says about the symbol rather than its bars. Members that are absent or null are zero; those
// that the row rules do not need are left out, gmtoffset on purpose: it is today's, not the bars'.
type Meta struct {
	Symbol               string
	Currency             string
	ExchangeName         string
	InstrumentType       string // "FUTURE", "EQUITY", "CURRENCY"
	ShortName            string // of a front month it names the contract behind it: "Gold Dec 26"
	ExchangeTimezoneName string // IANA name; New York even for CME
	DataGranularity      string // the timeframe really served, "1h"
	ValidRanges          []string
	FirstTradeDate       int64 // Unix seconds
	RegularMarketTime    int64 // Unix seconds of the last trade; the live row's stamp
	RegularMarketPrice   float64
	RegularMarketDayHigh float64
	RegularMarketDayLow  float64
	RegularMarketVolume  float64
	TradingPeriod        Period // currentTradingPeriod.regular
}

// Period is a span of trading in Unix seconds.
type Period struct{ Start, End int64 }

// Split is one stock split: Numerator new shares for Denominator old ones, from Date (Unix seconds) on. The prices of a
// body are adjusted for it already.
type Split struct {
	Date        int64
	Numerator   float64
	Denominator float64
	Ratio       string // "4:1"
}

// Payment is one dividend, or one distribution of capital gains: Amount for each share held before Date (Unix seconds).
// Currency is empty where the body names none; the amount is then in the currency of its meta.
type Payment struct {
	Date     int64
	Amount   float64
	Currency string
}

// Failure is the member chart.error: a code such as "Not Found", and a sentence.
type Failure struct {
	Code        string
	Description string
}

// zone is the exchange's zone by the body, or fallback where the body names none that is known.
func (m Meta) zone(fallback *time.Location) *time.Location {
	if m.ExchangeTimezoneName == "" || m.ExchangeTimezoneName == fallback.String() {
		return fallback
	}
	zone, err := time.LoadLocation(m.ExchangeTimezoneName)
	if err != nil {
		return fallback
	}
	return zone
}
