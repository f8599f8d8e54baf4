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

// payouts are the steps of reinvested dividends and capital gains for bars of a series that start at from or later. Those of one
// date are added up, since they are reinvested at one price.
func (v reading) payouts(
	ctx context.Context, series market.Series, from time.Time, actions []store.Action, restatements []store.Restatement,
) (scale, []string, error) {
	var steps []step
	var notes []string
	for _, paid := range v.paid(from, actions) {
		price, of, err := v.closeBefore(ctx, series, paid[0].Cutoff(v.calendar))
		if err != nil {
			return nil, nil, err
		}
		if price == 0 {
			continue // there is no bar before it
		}
		amount, more := v.sum(paid, applied(actions, restatements, of, v.at))
		notes = append(notes, more...)
		if !(amount < price) {
			notes = append(notes, fmt.Sprintf("the %s of %s is not used: %v for a share is not less than the price of %v before it",
				paid[0].Kind, paid[0].Date, amount, price))
			continue
		}
		steps = append(steps, step{
			v.begun(paid[0]).Unix(), paid[0].Cutoff(v.calendar).Unix(), market.Factor{Price: market.Ratio{Num: 1 - amount/price, Den: 1}},
		})
	}
	return newScale(steps), notes, nil
}

// begun is from when on bars take part in a payout: those before belong to the listing before, where a person accepted another
// one under the same name. Zero for all.
func (v reading) begun(paid store.Action) time.Time {
	from := v.listed.From
	if from == (calendar.Date{}) || paid.Date.Before(from) || !v.at.IsZero() && v.at.Before(v.listed.Accepted) {
		return time.Time{}
	}
	return v.calendar.Midnight(from)
}

// foreign tells whether a payout is one that the provider told of the accepted listing, from before its bars begin: those of then
// are of another one.
func (v reading) foreign(paid store.Action) bool {
	return paid.Source != store.SourcePerson && paid.Date.Before(v.listed.From) && paid.Seen.After(v.listed.Accepted)
}

// paid are the payouts after an instant, those of one date together.
func (v reading) paid(from time.Time, actions []store.Action) (paid [][]store.Action) {
	for _, a := range actions {
		if a.Kind == market.ActionSplit || !a.Cutoff(v.calendar).After(from) || v.foreign(a) {
			continue
		}
		i := slices.IndexFunc(paid, func(p []store.Action) bool { return p[0].Date == a.Date })
		if i < 0 {
			i, paid = len(paid), append(paid, nil)
		}
		paid[i] = append(paid[i], a)
	}
	return paid
}

// sum is what was paid on one date, on the scale of prices with these splits, and notes of what cannot be used.
func (v reading) sum(paid []store.Action, splits []appliedSplit) (sum float64, notes []string) {
	for _, a := range paid {
		ratio, ok := unitRatio(v.currencyTold(a), v.currency(v.at))
		if amount := ratio.Of(onScale(a, splits)); ok && amount > 0 {
			sum += amount
			continue
		}
		notes = append(notes, fmt.Sprintf("the %s of %s is not used: %v %s for a share, while prices are in %s",
			a.Kind, a.Date, a.Amount, v.currencyTold(a), v.currency(v.at)))
	}
	return sum, notes
}

// Amounts gives the amount of a payout on the scale of the bars that a base series has now, for each share; in the currency in
// which it was told.
func Amounts(actions []store.Action, restatements []store.Restatement, base market.Series) func(store.Action) float64 {
	splits := applied(actions, restatements, base, time.Time{})
	return func(a store.Action) float64 { return onScale(a, splits) }
}

// onScale is an amount on the scale of prices with these splits. A source tells it on the scale of the prices that it gives then:
// splits that it tells of in the same run or told of before are in it, and those that became known later are not.
func onScale(a store.Action, splits []appliedSplit) float64 {
	amount := a.Amount
	for _, split := range splits {
		if a.Date.Before(split.Date) && split.Seen.After(a.Seen) && (a.RunID == 0 || split.RunID != a.RunID) {
			amount = market.SplitFactor(split.Action.Action).Price.Of(amount)
		}
	}
	return amount
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

// unitRatio turns an amount of one currency or unit into another unit of the same currency; false for two currencies. An empty
// name is the same as the other one.
func unitRatio(from, to string) (market.Ratio, bool) {
	if from == to || from == "" || to == "" {
		return market.Ratio{}, true
	}
	factor, ok := market.UnitFactor(from, to)
	return factor.Price, ok
}

// closeBefore is the last close before an action, and of which series it is: of the daily one, or of the series' own base where
// that has later bars. It is 0 when there is none.
func (v reading) closeBefore(ctx context.Context, series market.Series, cut time.Time) (float64, market.Series, error) {
	days := market.Series{Instrument: series.Instrument, Timeframe: market.D1}
	daily, err := v.lastBefore(ctx, days, cut)
	if err != nil || !series.Timeframe.Intraday() {
		return daily.Close, days, err
	}
	base := v.base(series)
	own, err := v.lastBefore(ctx, base, cut)
	if err != nil || own.Start.IsZero() {
		return daily.Close, days, err
	}
	last := calendar.DateOf(daily.Start.In(v.calendar.Zone))
	if daily.Start.IsZero() || last.Before(v.calendar.TradingDate(own.Start)) {
		return own.Close, base, nil
	}
	return daily.Close, days, nil
}

// soundWithin is among how many bars before an action a sound one is looked for.
const soundWithin = 20

// lastBefore is the last bar before an action that traded within a session and whose price is not impossible; the zero Candle
// when there is none, or none is known.
func (v reading) lastBefore(ctx context.Context, series market.Series, cut time.Time) (market.Candle, error) {
	bars, err := v.page(ctx, series, market.Window{To: cut}, soundWithin, true)
	if errors.Is(err, store.ErrBeforeArrivals) || errors.Is(err, ErrNoBars) {
		return market.Candle{}, nil
	}
	if err != nil {
		return market.Candle{}, err
	}
	for i := bars.Len() - 1; i >= 0; i-- {
		if bars.Flags[i]&(market.FlagImpossible|market.FlagOffSession) == 0 {
			return bars.At(i), nil
		}
	}
	return market.Candle{}, nil
}
