package fake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

// events gives the actions of an instrument that are told so far and lie inside the window, of the kinds that the query names
// ("div,splits,capitalGains"), as the text of the member; nil when there are none.
func (s *series) events(q *query) ([]byte, error) {
	named := func(kind string) bool {
		return slices.Contains(strings.FieldsFunc(q.events, func(r rune) bool { return r == ',' || r == '|' }), kind)
	}
	e, found := events{map[string]payment{}, map[string]payment{}, map[string]split{}}, false
	for _, a := range s.changes {
		date, now := a.Time.Unix(), s.state.now
		if date < q.from || date > q.to || date > now || !a.timing(s.interval.as).told(now) {
			continue
		}
		key := fmt.Sprint(date)
		switch {
		case a.Kind == ChangeSplit && named("splits"):
			e.Splits[key] = split{date, a.Numerator, a.Denominator, fmt.Sprintf("%g:%g", a.Numerator, a.Denominator)}
		case a.Kind == ChangeDividend && named("div"):
			e.Dividends[key] = payment{a.Amount, date, a.Currency}
		case a.Kind == ChangeGain && named("capitalGains"):
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
