package fake

import (
	"slices"
	"strings"
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// FaultKind names what goes wrong.
type FaultKind string

// The kinds of fault.
const (
	Throttle FaultKind = "429"      // plain text, with Retry-After when Fault.RetryAfter is set
	Upstream FaultKind = "5xx"      // Fault.Status (500 to 599, or 999) with an HTML page
	NotFound FaultKind = "404"      // the JSON of an unknown symbol
	Portal   FaultKind = "portal"   // 404 with a page of HTML, as something between answers that is not the provider
	Truncate FaultKind = "truncate" // 200, half of the body, then the connection closes
	Slow     FaultKind = "slow"     // 200, the body in drops over Fault.Delay
	Empty    FaultKind = "empty"    // 200 as for closed hours: no rows
	Blank    FaultKind = "blank"    // 200 and not one byte
	// The three that answer for something else than was asked; which, Fault.Other says.
	OtherSymbol   FaultKind = "symbol"   // the body of another symbol, which says so
	OtherInterval FaultKind = "interval" // the body of another interval, which says so
	OtherRows     FaultKind = "rows"     // the rows of another interval, in a body that claims the one asked for

	Withdraw   FaultKind = "withdraw"   // the rows of the trading dates From to To vanish
	Revise     FaultKind = "revise"     // one bar in eight, of those dates, closes two ticks higher, with more volume
	ZeroVolume FaultKind = "zerovolume" // volumes of those dates read 0
	Null       FaultKind = "null"       // every value of those dates reads null; the rows stay
	Price      FaultKind = "price"      // one price of one bar in eight, of those dates, reads Fault.Value: 0, -5, 1e308
	Noise      FaultKind = "noise"      // prices of those dates have other last digits in each answer, within a part in a million
	AfterHours FaultKind = "afterhours" // intraday rows before and after the sessions of those dates; of equities
	OffGrid    FaultKind = "offgrid"    // one bar in eight, of those dates, has a row off the grid after it; in 1d, on a closed date
	CloseRow   FaultKind = "closerow"   // a flat row without volume at the close of those dates, on later days, too
	Twice      FaultKind = "twice"      // the last row comes twice, the second Fault.Delay later
)

// Fault is something that goes wrong on demand.
type Fault struct {
	Kind       FaultKind
	Symbol     string           // the provider's name; "" for every symbol
	Timeframe  market.Timeframe // "" for every timeframe
	Times      int              // how many answers it spoils; 0 for all until Clear
	RetryAfter time.Duration    // of Throttle, whole seconds; 0 sends no Retry-After
	Status     int              // of Upstream; 0 means 503
	Delay      time.Duration    // of Slow, where 0 means 5 s; of Twice
	Value      float64          // of Price
	Other      string           // of OtherSymbol a symbol, of OtherInterval and OtherRows an interval, as the provider spells them
	From, To   calendar.Date    // of the kinds that change rows: trading dates, both included; zero for all dates
}

// edits tells whether the fault changes rows rather than the whole answer.
func (f Fault) edits() bool {
	return slices.Contains([]FaultKind{
		Withdraw, Revise, ZeroVolume, Null, Price, Noise, AfterHours, OffGrid, CloseRow, Twice,
	}, f.Kind)
}

// matches tells whether the fault is meant for a request.
func (f Fault) matches(symbol string, tf market.Timeframe) bool {
	return (f.Symbol == "" || f.Symbol == symbol) && (f.Timeframe == "" || f.Timeframe == tf)
}

// covers tells whether a row's trading date is one of the fault's; rows of 1d and longer are dated by the exchange's clock.
func (f Fault) covers(c *calendar.Calendar, ts, seconds int64) bool {
	if f.To == (calendar.Date{}) {
		return true // without working a date out
	}
	t := time.Unix(ts, 0)
	d := calendar.DateOf(t.In(c.Zone))
	if seconds > 0 {
		d = c.TradingDate(t)
	}
	return f.on(d)
}

// faults keeps what was injected, safe for concurrent use.
type faults struct {
	mu   sync.Mutex
	list []Fault
}

// Inject adds a fault to every matching answer from now on. Of several whole-answer faults that match, the one injected
// first takes effect; row faults add up.
func (p *Provider) Inject(f Fault) {
	f.Symbol = strings.ToUpper(f.Symbol)
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.list = append(p.faults.list, f)
}

// Clear takes every fault away.
func (p *Provider) Clear() {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.list = nil
}

// take picks the faults for one answer and counts them as used: at most one that replaces the whole answer, and all that
// edit rows.
func (l *faults) take(symbol string, tf market.Timeframe) (whole Fault, edits []Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.list[:0:0]
	for _, f := range l.list {
		used := f.matches(symbol, tf) && (f.edits() || whole.Kind == "")
		switch {
		case used && f.edits():
			edits = append(edits, f)
		case used:
			whole = f
		}
		if used && f.Times > 0 {
			if f.Times--; f.Times == 0 {
				continue
			}
		}
		kept = append(kept, f)
	}
	l.list = kept
	return whole, edits
}
