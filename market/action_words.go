package market

import (
	"fmt"
	"math"
	"strconv"

	"barkeep/calendar"
)

// Date is the trading date of the action by the exchange's clock: the first one of which a share trades without it.
func (a Action) Date(c *calendar.Calendar) calendar.Date {
	date := calendar.DateOf(a.Time.In(c.Zone))
	if traded := c.TradingDate(a.Time); date.Before(traded) {
		return traded
	}
	return date
}

// Same tells whether two actions of one kind say the same, whatever their dates: the ratio of a split, the amount of a payment. A
// provider computes both in single precision.
func (a Action) Same(b Action) bool {
	x, y := a.Amount, b.Amount
	if a.Kind == ActionSplit {
		x, y = a.Ratio(), b.Ratio()
	} else if a.Currency != "" && b.Currency != "" && a.Currency != b.Currency {
		return false
	}
	const noise = 1e-4
	return a.Kind == b.Kind && math.Abs(x-y) <= noise*math.Max(math.Abs(x), math.Abs(y))
}

// String is for people: "split 4:1", "dividend 0.25 USD".
func (a Action) String() string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	if a.Kind == ActionSplit {
		return fmt.Sprintf("%s %s:%s", a.Kind, number(a.Numerator), number(a.Denominator))
	}
	text := fmt.Sprintf("%s %s", a.Kind, number(a.Amount))
	if a.Currency != "" {
		text += " " + a.Currency
	}
	return text
}
