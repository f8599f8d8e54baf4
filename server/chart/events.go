package chart

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"barkeep/market"
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
	splits := d.accounted(a.series(), actions, restatements)
	e := &events{map[string]payment{}, map[string]payment{}, map[string]split{}}
	for _, act := range actions {
		date := act.Time.Unix()
		if date < a.q.from || date > a.q.to {
			continue
		}
		key, paid := strconv.FormatInt(date, 10), payment{onScale(act, splits), date, act.Currency}
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

// accounted are the splits on whose scale the bars of a series are: each has a restatement of its base, maybe one of no bars.
func (d *door) accounted(series market.Series, actions []store.Action, restatements []store.Restatement) (splits []store.Action) {
	if base, ok := d.Reader.Capabilities.Base(series.Timeframe); ok {
		series.Timeframe = base
	}
	for _, act := range actions {
		if act.Kind == market.ActionSplit && slices.ContainsFunc(restatements, func(r store.Restatement) bool {
			return r.Series == series && r.Action == act.Number && r.Undoes == 0
		}) {
			splits = append(splits, act)
		}
	}
	return splits
}

// onScale is an amount on the scale of prices with these splits. It was told on the scale of its time: splits that were told by
// the same run or before are in it, and those that became known later are not.
func onScale(act store.Action, splits []store.Action) float64 {
	amount := act.Amount
	for _, s := range splits {
		if act.Date.Before(s.Date) && s.Seen.After(act.Seen) && (act.RunID == 0 || s.RunID != act.RunID) {
			amount = market.SplitFactor(s.Action).Price.Of(amount)
		}
	}
	return amount
}
