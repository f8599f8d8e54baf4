package syncer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"barkeep/calendar"
	"barkeep/market"
)

// Refusal is an error about what a person entered: which field, what is there, and what is accepted.
type Refusal struct{ Field, Value, Accepted string }

// Error is for people.
func (r Refusal) Error() string {
	return fmt.Sprintf("%s is %s: accepted is %s", r.Field, strconv.Quote(r.Value), r.Accepted)
}

// ReadKind reads the kind of an action.
func ReadKind(text string) (market.ActionKind, error) {
	kind := market.ActionKind(strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(strings.TrimSpace(text))))
	switch kind {
	case market.ActionSplit, market.ActionDividend, market.ActionCapitalGain:
		return kind, nil
	default:
		return "", Refusal{"kind", text, "split, dividend or capital-gain"}
	}
}

// ReadDate reads a calendar date.
func ReadDate(field, text string) (calendar.Date, error) {
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return calendar.Date{}, Refusal{field, text, "a date such as 2026-06-15"}
	}
	return calendar.DateOf(t), nil
}

// The bounds of a split, one way or the other. The largest known ones are 1,000 and some.
const mostRatio = 1e5

// ReadRatio reads how many new shares replace how many old ones: "4:1", "1:10", "3:2".
func ReadRatio(text string) (numerator, denominator float64, err error) {
	const accepted = "the new shares and the old ones, two numbers above 0 that differ, such as 4:1, or 1:10 for a reverse split"
	fresh, old, found := strings.Cut(strings.Replace(strings.TrimSpace(text), "/", ":", 1), ":")
	numerator, wrong := strconv.ParseFloat(fresh, 64)
	denominator, alsoWrong := strconv.ParseFloat(old, 64)
	ratio := numerator / denominator
	if !found || wrong != nil || alsoWrong != nil || !(numerator > 0) || !(denominator > 0) || ratio == 1 || !(ratio <= mostRatio) ||
		!(ratio >= 1/mostRatio) {
		return 0, 0, Refusal{"ratio", text, accepted}
	}
	return numerator, denominator, nil
}

// ReadAmount reads what is paid for each share.
func ReadAmount(text string) (float64, error) {
	amount, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(amount > 0) || math.IsInf(amount, 1) {
		return 0, Refusal{"amount", text, "what is paid for each share, a number above 0 such as 0.25"}
	}
	return amount, nil
}

// ReadCurrency reads a currency with its unit; an empty one is that of the listing.
func ReadCurrency(text string) (string, error) {
	letters := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) }
	if text != "" && (len(text) != 3 || strings.ContainsFunc(text, letters)) {
		return "", Refusal{"currency", text, "three letters such as USD, or GBp for pence"}
	}
	return text, nil
}

// ReadValue reads what an action of a kind says: the ratio of a split, and the amount and currency of a payment.
func ReadValue(kind market.ActionKind, value, currency string) (a market.Action, err error) {
	a.Kind = kind
	if kind == market.ActionSplit {
		if currency != "" {
			return a, Refusal{"currency", currency, "none: a split has a ratio and no currency"}
		}
		a.Numerator, a.Denominator, err = ReadRatio(value)
		return a, err
	}
	if a.Amount, err = ReadAmount(value); err != nil {
		return a, err
	}
	a.Currency, err = ReadCurrency(currency)
	return a, err
}

// check tells what is wrong with an action whose date is given, now.
func check(c *calendar.Calendar, a market.Action, date calendar.Date, now time.Time) error {
	ratio := a.Ratio()
	switch {
	case a.Kind == market.ActionSplit && (!(ratio > 0) || math.IsInf(ratio, 1) || ratio == 1):
		return Refusal{"ratio", fmt.Sprintf("%g:%g", a.Numerator, a.Denominator), "two numbers above 0 that differ, such as 4:1"}
	case a.Kind != market.ActionSplit && (!(a.Amount > 0) || math.IsInf(a.Amount, 1)):
		return Refusal{"amount", fmt.Sprintf("%g", a.Amount), "a number above 0 such as 0.25"}
	}
	if today := calendar.DateOf(now.In(c.Zone)); today.Before(date) && c.TradingDate(now).Before(date) {
		return Refusal{
			"date", date.String(), "a day that has come, " + today.String() + " at the latest: what has not taken effect changes nothing yet",
		}
	}
	return nil
}

// effect is the first instant of the date on which a share trades without the action.
func effect(c *calendar.Calendar, date calendar.Date) time.Time {
	if open, _, ok := c.Hours(date); ok {
		return open.UTC()
	}
	return c.Midnight(date)
}
