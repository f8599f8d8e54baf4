package app

import (
	"context"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
	syncer "barkeep/sync"
)

// Accept goes on with what was held back of an instrument, as Engine.Accept has it.
func (a *App) Accept(ctx context.Context, instrument market.Instrument, how syncer.Acceptance) (syncer.Change, error) {
	return a.byHand(ctx, func(ctx context.Context) (syncer.Change, error) { return a.Engine.Accept(ctx, instrument, how) })
}

// AddAction adds an action that a person knows of, as Engine.AddAction has it.
func (a *App) AddAction(
	ctx context.Context, instrument market.Instrument, date calendar.Date, action market.Action, note string,
) (syncer.Change, error) {
	return a.byHand(ctx, func(ctx context.Context) (syncer.Change, error) {
		return a.Engine.AddAction(ctx, instrument, date, action, note)
	})
}

// TakeBack takes back an action that was wrong, as Engine.TakeBack has it.
func (a *App) TakeBack(
	ctx context.Context, instrument market.Instrument, kind market.ActionKind, date calendar.Date,
) (syncer.Change, error) {
	return a.byHand(ctx, func(ctx context.Context) (syncer.Change, error) {
		return a.Engine.TakeBack(ctx, instrument, kind, date)
	})
}

// byHand does what a person asks for, and brings what people are told up to date with it.
func (a *App) byHand(ctx context.Context, do func(context.Context) (syncer.Change, error)) (syncer.Change, error) {
	change, err := do(ctx)
	if err != nil {
		return change, a.secrets.Error(err)
	}
	a.Engine.Logger.InfoContext(ctx, "changed by a person", "instrument", change.Instrument, "result", change.String())
	if wrong := a.tellHeld(ctx); wrong != nil {
		a.Engine.Logger.WarnContext(ctx, "what people were told of is not up to date, the next run brings it there", "error",
			a.secrets.Error(wrong))
	}
	return change, nil
}

// ViewHeld shows what is held back.
func ViewHeld(groups []query.HeldBack, r view.Renderer) []view.HeldBack {
	views := make([]view.HeldBack, len(groups))
	for i, h := range groups {
		views[i] = view.HeldBack{
			Instrument: h.Instrument, Cause: string(h.Cause), Says: h.Says, Command: h.Command(), Series: viewHeldSeries(h.Series, r),
			First: r.Instant(h.First), Last: r.Instant(h.Last),
		}
	}
	return views
}

func viewHeldSeries(held []store.Held, r view.Renderer) []view.HeldSeries {
	views := make([]view.HeldSeries, len(held))
	for i, s := range held {
		views[i] = view.HeldSeries{
			Timeframe: s.Series.Timeframe, Says: s.Says, Listing: view.NewListing(s.Listing), From: r.Instant(s.From), To: r.Instant(s.To),
			Bars: s.Seen, First: r.Instant(s.First), Last: r.Instant(s.Last), Times: s.Times,
		}
		if s.Cause == store.HeldScale {
			price, volume := view.NewFactor(s.Factor.Price), view.NewFactor(s.Factor.Volume)
			views[i].Price, views[i].Volume = &price, &volume
		}
	}
	return views
}

// ViewChange shows what a person changed.
func ViewChange(c syncer.Change, r view.Renderer) view.Change {
	v := view.Change{
		Instrument: c.Instrument, Done: c.Lines(), Restated: []view.Restated{}, Rebuilt: []string{}, RenamedTo: c.RenamedTo,
		Renamed: []string{}, Held: viewHeldSeries(c.Held, r),
	}
	for _, s := range c.Restated {
		v.Restated = append(v.Restated, view.Restated{
			Timeframe: s.Series.Timeframe, Bars: s.Bars, Kept: s.Kept, Price: view.NewFactor(s.Factor.Price),
			Volume: view.NewFactor(s.Factor.Volume), From: r.Instant(s.From), Before: r.Instant(s.Before),
		})
	}
	for _, s := range c.Rebuilt {
		v.Rebuilt = append(v.Rebuilt, string(s.Timeframe))
	}
	for _, s := range c.Renamed {
		v.Renamed = append(v.Renamed, string(s.Series.Timeframe))
	}
	if v.Listing = view.NewListing(c.Listing.Listing); v.Listing != nil && c.Listing.From != (calendar.Date{}) {
		v.Listing.From = c.Listing.From.String()
	}
	return v
}
