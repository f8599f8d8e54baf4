package chart

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// events is the member of the same name: each kind of action by its instant. Kinds without actions are left out.
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

// eventsOf gives the actions of the window that hold and that the request names; nil when there are none. Amounts are on the
// scale of the bars.
func (d *door) eventsOf(ctx context.Context, a *answer) (*events, error) {
	if len(a.q.events) == 0 {
		return nil, nil
	}
	actions, err := d.Archive.Actions(ctx, a.instrument.Name)
	if err != nil {
		return nil, err
	}
	actions = slices.DeleteFunc(slices.Clone(actions), func(act store.Action) bool { return !act.Holds() })
	restatements, err := d.Reader.Truth.Restatements(ctx, a.instrument.Name)
	if err != nil {
		return nil, err
	}
	base := a.series()
	if made, ok := d.Reader.Capabilities.Base(base.Timeframe); ok {
		base.Timeframe = made
	}
	amount := query.Amounts(actions, restatements, base)
	e := &events{map[string]payment{}, map[string]payment{}, map[string]split{}}
	for _, act := range actions {
		date := act.Time.Unix()
		if date < a.q.from || date > a.q.to {
			continue
		}
		key, paid := strconv.FormatInt(date, 10), payment{amount(act), date, act.Currency}
		switch {
		case act.Kind == market.ActionSplit && a.q.wants("split", "splits"):
			e.Splits[key] = split{date, act.Numerator, act.Denominator, fmt.Sprintf("%g:%g", act.Numerator, act.Denominator)}
		case act.Kind == market.ActionDividend && a.q.wants("div", "dividends"):
			e.Dividends[key] = paid
		case act.Kind == market.ActionCapitalGain && a.q.wants("capitalGain", "capitalGains"):
			e.CapitalGains[key] = paid
		}
	}
	if len(e.Splits)+len(e.Dividends)+len(e.CapitalGains) == 0 {
		return nil, nil
	}
	return e, nil
}
