package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// payout is what was paid for a share on one date.
type payout struct {
	date   calendar.Date
	amount float64 // on the archive's scale, in the currency and unit of its prices
}

// payouts are the steps of reinvested dividends and capital gains for bars of a series that start at from or later. Those of one
// date are added up, since they are reinvested at one price.
func (v reading) payouts(
	ctx context.Context, series market.Series, from time.Time, actions []store.Action,
) (scale, []string, error) {
	paid, notes := v.paid(series.Timeframe, from, actions)
	var steps []step
	for _, p := range paid {
		price, err := v.closeBefore(ctx, series, p.date)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case price == 0: // there is no bar before it
		case !(p.amount < price):
			notes = append(notes, fmt.Sprintf("the dividend of %s is not used: %v for a share is not less than the price of %v before it",
				p.date, p.amount, price))
		default:
			cut := series.Timeframe.CutOff(v.calendar, p.date).Unix()
			steps = append(steps, step{cut, market.Factor{Price: market.Ratio{Num: 1 - p.amount/price, Den: 1}}})
		}
	}
	return newScale(steps), notes, nil
}

// paid are the payouts after an instant by date, and notes of those that cannot be used.
func (v reading) paid(t market.Timeframe, from time.Time, actions []store.Action) (paid []payout, notes []string) {
	for _, a := range actions {
		if a.Kind == market.ActionSplit || !t.CutOff(v.calendar, a.Date).After(from) {
			continue
		}
		amount, ok := v.amountOf(a, actions)
		if !ok {
			notes = append(notes, fmt.Sprintf("the %s of %s is not used: %v %s for a share, while prices are in %s",
				a.Kind, a.Date, a.Amount, v.currencyTold(a), v.currency(v.at)))
			continue
		}
		i := slices.IndexFunc(paid, func(p payout) bool { return p.date == a.Date })
		if i < 0 {
			i, paid = len(paid), append(paid, payout{date: a.Date})
		}
		paid[i].amount += amount
	}
	return paid, notes
}

// amountOf is an amount on the archive's scale. A source tells it on the scale of the prices that it gives then: splits before
// the telling are in it, and those that became known later are not. False when it is in another currency than the prices.
func (v reading) amountOf(a store.Action, actions []store.Action) (float64, bool) {
	ratio, ok := unitRatio(v.currencyTold(a), v.currency(v.at))
	amount := ratio.Of(a.Amount)
	for _, split := range actions {
		if a.Date.Before(split.Date) && split.Seen.After(a.Seen) {
			amount = market.SplitFactor(split.Action).Price.Of(amount)
		}
	}
	return amount, ok && amount > 0
}

// currencyTold is the currency and unit of an amount.
func (v reading) currencyTold(a store.Action) string {
	if a.Currency != "" {
		return a.Currency
	}
	return v.currency(a.Seen)
}

// currency is that of the prices at an instant; zero for now.
func (v reading) currency(at time.Time) string {
	if !at.IsZero() && at.Before(v.listed.Changed) {
		return v.listed.First.Currency
	}
	return v.listed.Last.Currency
}

// closeBefore is the last close before a date of the daily series, or of the series' own base where that has later bars; 0 when
// there is none.
func (v reading) closeBefore(ctx context.Context, series market.Series, date calendar.Date) (float64, error) {
	daily, err := v.lastBefore(ctx, market.Series{Instrument: series.Instrument, Timeframe: market.D1}, date)
	if err != nil {
		return 0, err
	}
	if !series.Timeframe.Intraday() {
		return daily.Close, nil
	}
	own, err := v.lastBefore(ctx, v.base(series), date)
	if err != nil {
		return 0, err
	}
	if own.Start.IsZero() || !daily.Start.IsZero() && !calendar.DateOf(daily.Start.In(v.calendar.Zone)).Before(
		v.calendar.TradingDate(own.Start)) {
		return daily.Close, nil
	}
	return own.Close, nil
}

// lastBefore is the last bar before an action; the zero Candle when there is none, or none is known.
func (v reading) lastBefore(ctx context.Context, series market.Series, date calendar.Date) (market.Candle, error) {
	before := market.Window{To: series.Timeframe.CutOff(v.calendar, date)}
	bars, err := v.page(ctx, series, before, 1, true)
	if errors.Is(err, store.ErrBeforeArrivals) || errors.Is(err, ErrNoBars) {
		return market.Candle{}, nil
	}
	if err != nil || bars.Len() == 0 {
		return market.Candle{}, err
	}
	return bars.At(0), nil
}
