package fake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"barkeep/market"
)

// events is the member of the same name of a body: each kind of action by its instant. Kinds without actions are left out.
type events struct {
	Dividends    map[string]payment `json:"dividends,omitempty"`
	CapitalGains map[string]payment `json:"capitalGains,omitempty"`
	Splits       map[string]split   `json:"splits,omitempty"`
}

type payment struct {
	Amount   float64 `json:"amount"`
	Date     int64   `json:"date"`
	Currency string  `json:"currency,omitempty"`
}

type split struct {
	Date        int64   `json:"date"`
	Numerator   float64 `json:"numerator"`
	Denominator float64 `json:"denominator"`
	SplitRatio  string  `json:"splitRatio"`
}

// events gives the actions of a symbol inside the window, of the kinds that the query names ("div,splits,capitalGains"),
// as the text of the member; nil when there are none.
func (p *Provider) events(q *query, now int64) ([]byte, error) {
	named := func(kind string) bool {
		return slices.Contains(strings.FieldsFunc(q.events, func(r rune) bool { return r == ',' || r == '|' }), kind)
	}
	e, found := events{map[string]payment{}, map[string]payment{}, map[string]split{}}, false
	for _, a := range p.options.Actions[q.symbol] {
		date := a.Time.Unix()
		if date < q.from || date > q.to || date > now {
			continue
		}
		key := fmt.Sprint(date)
		switch {
		case a.Kind == market.ActionSplit && named("splits"):
			e.Splits[key] = split{date, a.Numerator, a.Denominator, fmt.Sprintf("%g:%g", a.Numerator, a.Denominator)}
		case a.Kind == market.ActionDividend && named("div"):
			e.Dividends[key] = payment{a.Amount, date, a.Currency}
		case a.Kind == market.ActionCapitalGain && named("capitalGains"):
			e.CapitalGains[key] = payment{a.Amount, date, a.Currency}
		default:
			continue
		}
		found = true
	}
	if !found {
		return nil, nil
	}
	return json.Marshal(e)
}
