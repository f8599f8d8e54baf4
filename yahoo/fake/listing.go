package fake

import (
	"math"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// listing is what the provider knows of one symbol.
type listing struct {
	instrument market.Instrument
	symbol     string // the provider's name of it
	almanac    *almanac
	profile    profile
	key        uint64  // of everything random about the symbol
	inverse    float64 // ticks in one unit of price
	first      int64   // first trade, Unix seconds
	last       int64   // last trade of a contract month, Unix seconds; far away for everything else
	basis      float64 // of a contract month: its price over the front month's
	name       string  // meta's shortName
	reused     bool    // another instrument had the symbol before
}

// future tells whether the symbol is a front month or a contract month.
func (l *listing) future() bool {
	return l.instrument.Kind == market.KindFuture || l.instrument.Kind == market.KindContract
}

// newListing describes an instrument. The key of a contract month is its root's, so that it moves with the front month.
func newListing(i market.Instrument, a *almanac, seed uint64) *listing {
	name := i.Name
	if i.Root != "" {
		name = i.Root
	}
	l := &listing{instrument: i, symbol: symbolOf(i), almanac: a, key: mixText(seed, name), last: math.MaxInt64 / 4, basis: 1}
	l.name = strings.TrimSuffix(l.symbol, "=F")
	l.profile = profileOf(i, l.key)
	tick := i.Tick
	if tick <= 0 {
		tick = math.Pow(10, -float64(l.profile.hint))
	}
	l.inverse = 1 / tick
	if whole := math.Round(l.inverse); whole >= 1 {
		l.inverse = whole
	}
	l.first = a.plan(firstTrade(i, l.key)).midnight
	if i.Kind == market.KindContract {
		l.expire(i)
	}
	return l
}

// expire bounds a contract month's life: it trades for fifteen months, until the third Friday of its month.
func (l *listing) expire(i market.Instrument) {
	code := strings.TrimPrefix(strings.SplitN(i.Name, ".", 2)[0], i.Root)
	month := strings.IndexByte("FGHJKMNQUVXZ", code[0]) + 1
	year := 2000 + int(code[len(code)-2]-'0')*10 + int(code[len(code)-1]-'0')
	friday := thirdFriday(year, time.Month(month))
	l.last = friday.At(l.almanac.calendar.Zone, 17*time.Hour).Unix() - 1
	l.first = calendar.Date{Year: year - 1, Month: time.Month(month - 3), Day: 1}.At(l.almanac.calendar.Zone, 0).Unix()
	l.basis = 1 + 0.001*float64(month)
}

func thirdFriday(year int, month time.Month) calendar.Date {
	first := calendar.Date{Year: year, Month: month, Day: 1}
	return first.AddDays((int(time.Friday)-int(first.Weekday())+7)%7 + 14)
}

// firstTrade is a listing's first date in days since 1970; of futures as in the recordings.
func firstTrade(i market.Instrument, key uint64) int {
	switch {
	case i.Root == "GC":
		return 11199 // 2000-08-30
	case i.Root == "CL":
		return 11192 // 2000-08-23
	case i.Root == "BZ":
		return 13724 // 2007-07-30
	case i.Kind == market.KindFuture || i.Kind == market.KindContract:
		return 11218 // 2000-09-18
	case i.Kind == market.KindCrypto:
		return 16330 // 2014-09-17
	case i.Kind == market.KindCurrency:
		return 12387 // 2003-12-01
	default:
		return 3650 + int(key%12000) // 1979 to 2012
	}
}
