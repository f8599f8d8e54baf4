package app

import (
	"context"
	"fmt"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store/failover"
	syncer "barkeep/sync"
)

// asked are the base series that earlier attempts of a slot asked the provider for in vain.
type asked struct {
	series    map[market.Series]bool
	allowance failover.Allowance
}

// askedKey finds the asked of a context.
type askedKey struct{}

// retrying bounds what the further attempts of a slot may cost together: a tenth of the daily budget, rounded up. Only series
// that an earlier attempt asked for count as retries: what a process that died left undone is a first attempt of it. A forced run
// is somebody's decision, and not bounded.
func (a *App) retrying(ctx context.Context, run ledger.Run) (context.Context, error) {
	slot := run.Slot
	if !run.Scheduled() || run.Forced || run.Attempt <= 1 || a.Config.YahooDailyBudget == 0 {
		return ctx, nil
	}
	series, err := a.askedBefore(ctx, slot)
	if err != nil {
		return ctx, fmt.Errorf("read what earlier attempts of %s asked for: %w", slot.Key(), err)
	}
	return context.WithValue(ctx, askedKey{}, asked{series, failover.Allowance{
		Name: "retries " + slot.Key(), Most: (a.Config.YahooDailyBudget + 9) / 10,
		What: "further attempts of this slot (a tenth of YAHOO_DAILY_BUDGET)",
	}}), nil
}

// newestRuns is how many runs are looked at for the attempts of a slot.
const newestRuns = 1000

// askedBefore are the series for which any attempt of a slot sent a request. The newest attempt may have sent none: so all count.
func (a *App) askedBefore(ctx context.Context, slot ledger.Slot) (map[market.Series]bool, error) {
	runs, err := a.Archive.Runs(ctx, newestRuns)
	if err != nil {
		return nil, err
	}
	series := map[market.Series]bool{}
	for _, run := range runs {
		if !run.Scheduled() || run.Slot.ID() != slot.ID() || run.Forced {
			continue
		}
		cells, err := a.Archive.Cells(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		for _, cell := range cells {
			if cell.Requests > 0 {
				series[market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}] = true
			}
		}
	}
	return series, nil
}

// thrifty is a provider that lets retries count for their allowance.
type thrifty struct{ syncer.Provider }

// Fetch implements syncer.Provider.
func (p thrifty) Fetch(ctx context.Context, r market.FetchRequest) (*market.FetchResult, error) {
	before, ok := ctx.Value(askedKey{}).(asked)
	if ok && before.series[market.Series{Instrument: r.Instrument.Name, Timeframe: r.Timeframe}] {
		ctx = failover.WithAllowance(ctx, before.allowance)
	}
	return p.Provider.Fetch(ctx, r)
}
