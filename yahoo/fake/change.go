package fake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"barkeep/market"
)

// ChangeKind names what happens to a symbol.
type ChangeKind string

// The kinds of change. The first three are told as events, the next two change the scale without one.
const (
	ChangeSplit    ChangeKind = "split"    // Numerator new shares for Denominator old ones
	ChangeDividend ChangeKind = "dividend" // Amount for a share; no row changes
	ChangeGain     ChangeKind = "gain"     // as a dividend, of a fund
	ChangeUnit     ChangeKind = "unit"     // prices in another unit of the same money: GBp and GBP, ZAc and ZAR, ILA and ILS
	ChangeScale    ChangeKind = "scale"    // every price times Factor, which no event and no meta tells: an error of the provider
	ChangeReuse    ChangeKind = "reuse"    // the symbol is another instrument from now on
)

// Change is something that happens to a symbol at an instant of the provider's clock.
type Change struct {
	Kind   ChangeKind
	Symbol string // the provider's name
	// Time is when it takes effect. A split divides the rows there: those that start earlier were traded before it. A daily bar
	// counts as starting at its session's open.
	Time                   time.Time
	Numerator, Denominator float64 // of a split, above 0
	Amount                 float64 // of a dividend or gain, for each share
	// Currency is the new unit of a unit change, the new currency of a reuse ("" for the same), and of a dividend or gain
	// the money it is paid in.
	Currency string
	Factor   float64 // of a scale, above 0
	// Of a reuse: what the new instrument is ("" for the same as the old), its name, and when it was first traded (zero
	// for midnight of the day of Time). Its prices have nothing to do with the old one's.
	Type, Exchange, ShortName string
	FirstTrade                time.Time
	// Timings say for each interval when the provider gets round to it; "" is for those that are not named. What has no timing
	// changes at Time, all at once.
	Timings map[market.Timeframe]Timing
}

// Timing is how late the answers of one interval follow a change. A time may also lie before the change.
type Timing struct {
	Rows    time.Time // from when rows that start before the change are served on the new scale, too; zero for Change.Time
	Volumes time.Time // the same of the volumes; zero for Rows
	Told    time.Time // from when the event, or the new currency in the meta, is told; zero for Change.Time
	Untold  bool      // it never is
	// Mixed is for a unit or a scale: rows that start at Change.Time or later have the new one before Rows already, as those of
	// a split always do. Else a whole answer changes at Rows.
	Mixed bool
}

// ErrChange marks a change that makes no sense.
var ErrChange = errors.New("impossible change")

// script keeps the changes of each symbol in the order of their times, safe for concurrent use.
type script struct {
	mu      sync.RWMutex
	changes map[string][]Change
}

// Change lets something happen to a symbol. Rows that are served before it takes effect stay as they are. The error wraps
// ErrChange and names the member that is wrong.
func (p *Provider) Change(c Change) error {
	c.Symbol = strings.ToUpper(c.Symbol)
	l := p.find(c.Symbol)
	if l == nil {
		return fmt.Errorf("%w: there is no symbol %q", ErrChange, c.Symbol)
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("%w of %s: %w", ErrChange, c.Symbol, err)
	}
	p.script.mu.Lock()
	defer p.script.mu.Unlock()
	all := append(slices.Clone(p.script.changes[c.Symbol]), c)
	slices.SortStableFunc(all, func(a, b Change) int { return a.Time.Compare(b.Time) })
	listed := l.profile.currency
	currency := listed
	for _, other := range all {
		if err := other.follow(&currency, listed); err != nil {
			return fmt.Errorf("%w of %s: %w", ErrChange, c.Symbol, err)
		}
	}
	p.script.changes[c.Symbol] = all
	return nil
}

func (c Change) check() error {
	switch {
	case c.Time.IsZero():
		return errors.New("it has no time")
	case c.Kind == ChangeSplit && (c.Numerator <= 0 || c.Denominator <= 0):
		return fmt.Errorf("a split of %g:%g; both must be above 0", c.Numerator, c.Denominator)
	case c.Kind == ChangeScale && c.Factor <= 0:
		return fmt.Errorf("a factor of %g; it must be above 0", c.Factor)
	}
	kinds := []ChangeKind{ChangeSplit, ChangeDividend, ChangeGain, ChangeUnit, ChangeScale, ChangeReuse}
	if !slices.Contains(kinds, c.Kind) {
		return fmt.Errorf("%q is none of %v", c.Kind, kinds)
	}
	for tf := range c.Timings {
		if iv, ok := intervalOf(string(tf)); tf != "" && (!ok || iv.as != tf) {
			return fmt.Errorf("a timing of %q, which is no timeframe that the provider serves", tf)
		}
	}
	return nil
}

// follow takes the currency of a symbol, first listed in another maybe, past the change.
func (c Change) follow(currency *string, listed string) error {
	switch {
	case c.Kind == ChangeUnit && unitFactor(*currency, c.Currency) == 0:
		return fmt.Errorf("prices in %s cannot become prices in %q; units are GBp and GBP, ZAc and ZAR, ILA and ILS", *currency,
			c.Currency)
	case c.Kind == ChangeUnit:
		*currency = c.Currency
	case c.Kind == ChangeReuse:
		*currency = cmp.Or(c.Currency, listed)
	}
	return nil
}

// unitFactor is what prices in one unit are multiplied with to be in the other; 0 when they are not units of one money.
func unitFactor(from, to string) float64 {
	for minor, major := range map[string]string{"GBp": "GBP", "ZAc": "ZAR", "ILA": "ILS"} {
		switch {
		case from == minor && to == major:
			return 0.01
		case from == major && to == minor:
			return 100
		}
	}
	return 0
}

// timing is when an interval follows the change, without zero times.
func (c Change) timing(tf market.Timeframe) Timing {
	t, ok := c.Timings[tf]
	if !ok {
		t = c.Timings[""]
	}
	t.Rows = cmp.Or(t.Rows, c.Time)
	t.Volumes = cmp.Or(t.Volumes, t.Rows)
	t.Told = cmp.Or(t.Told, c.Time)
	return t
}

// told tells whether an answer says so in its events or its meta.
func (t Timing) told(now int64) bool { return !t.Untold && t.Told.Unix() <= now }

// changeOf makes a change of an action, which everything follows at once.
func changeOf(symbol string, a market.Action) Change {
	c := Change{
		Symbol: symbol, Time: a.Time, Numerator: a.Numerator, Denominator: a.Denominator, Amount: a.Amount,
		Currency: a.Currency,
	}
	switch a.Kind {
	case market.ActionSplit:
		c.Kind = ChangeSplit
	case market.ActionCapitalGain:
		c.Kind = ChangeGain
	default:
		c.Kind = ChangeDividend
	}
	return c
}
