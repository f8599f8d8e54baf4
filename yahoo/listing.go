package yahoo

import (
	"slices"
	"time"

	"barkeep/market"
)

// listing is what the body says the instrument is.
func (m Meta) listing() market.Listing {
	l := market.Listing{
		Symbol: m.Symbol, Type: m.InstrumentType, Currency: m.Currency, Exchange: m.ExchangeName, Zone: m.ExchangeTimezoneName,
		ShortName: m.ShortName, Granularity: m.DataGranularity,
	}
	if m.FirstTradeDate != 0 {
		l.FirstTrade = time.Unix(m.FirstTradeDate, 0).UTC()
	}
	return l
}

// actions are the body's splits, dividends and capital gains in order of time. One without a date, or without a ratio or an
// amount, is left out.
func (c *Chart) actions() []market.Action {
	var actions []market.Action
	for _, s := range c.Splits {
		if s.Date != 0 && s.Numerator > 0 && s.Denominator > 0 {
			actions = append(actions, market.Action{
				Kind: market.ActionSplit, Time: time.Unix(s.Date, 0).UTC(), Numerator: s.Numerator, Denominator: s.Denominator,
			})
		}
	}
	pay := func(kind market.ActionKind, payments []Payment) {
		for _, p := range payments {
			if p.Date != 0 && p.Amount != 0 {
				actions = append(actions, market.Action{
					Kind: kind, Time: time.Unix(p.Date, 0).UTC(), Amount: p.Amount, Currency: p.Currency,
				})
			}
		}
	}
	pay(market.ActionDividend, c.Dividends)
	pay(market.ActionCapitalGain, c.CapitalGains)
	slices.SortStableFunc(actions, market.CompareActions)
	return actions
}
