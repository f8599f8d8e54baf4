package api

import (
	"cmp"
	"context"
	"slices"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/store"
)

// listSeries shows what the archive holds of every series.
func (a *API) listSeries(c *call, _ *nothing) (seriesAnswer, error) {
	states, err := a.server.States(c.r.Context())
	return seriesAnswer{a.server.Views().Series(states, a.server.Now())}, err
}

type seriesAnswer struct {
	Series []view.Series `json:"series"`
}

// instrumentView is an instrument of the configuration or of the archive.
type instrumentView struct {
	Name       string             `json:"name"`
	Symbol     string             `json:"symbol" doc:"the provider's name"`
	Kind       market.Kind        `json:"kind"`
	Root       string             `json:"root,omitempty"`
	Tick       float64            `json:"tick,omitempty"`
	Calendar   string             `json:"calendar" doc:"by which its bars are kept: XNYS, CME_EQUITY"`
	Inferred   bool               `json:"inferred" doc:"neither hours nor holidays are known: every weekday counts as possible"`
	Zone       string             `json:"zone" doc:"the exchange's"`
	Kept       bool               `json:"kept" doc:"the configuration names it, so that it is kept up to date"`
	Timeframes []market.Timeframe `json:"timeframes" doc:"of which bars are stored"`
	Listing    *listingView       `json:"listing" doc:"what the provider said last that it is; null where it said nothing yet"`
}

// listingView is what the provider says an instrument is, and since when.
type listingView struct {
	view.Listing
	Seen    *view.Instant `json:"seen" doc:"when the provider said anything of it first"`
	Changed *view.Instant `json:"changed" doc:"when it said this first"`
}

// listInstruments shows what is kept and what is stored.
func (a *API) listInstruments(c *call, _ *nothing) (instrumentsAnswer, error) {
	states, err := a.server.States(c.r.Context())
	if err != nil {
		return instrumentsAnswer{}, err
	}
	settled, _, err := store.SettledCalendars(c.r.Context(), a.Calendars) // imports log changes that make no sense
	if err != nil {
		return instrumentsAnswer{}, err
	}
	listings, err := a.listings(c.r.Context())
	if err != nil {
		return instrumentsAnswer{}, err
	}
	stored := map[string][]market.Timeframe{}
	for _, state := range states {
		if state.Count > 0 {
			stored[state.Series.Instrument] = append(stored[state.Series.Instrument], state.Series.Timeframe)
		}
	}
	views := []instrumentView{}
	for _, i := range a.Instruments {
		views = append(views, a.viewInstrument(settled.Settle(i), true, stored[i.Name]))
		delete(stored, i.Name)
	}
	for name, timeframes := range stored {
		i, err := a.Resolve(name)
		if err == nil {
			i = settled.Settle(i)
		} else { // an archive may hold what this version does not resolve
			i = market.Instrument{Name: name}
		}
		views = append(views, a.viewInstrument(i, false, timeframes))
	}
	for i := range views {
		views[i].Listing = listings[views[i].Name]
	}
	slices.SortFunc(views, func(a, b instrumentView) int { return cmp.Compare(a.Name, b.Name) })
	return instrumentsAnswer{views}, nil
}

type instrumentsAnswer struct {
	Instruments []instrumentView `json:"instruments"`
}

// listings are what the provider says of the instruments, by their names.
func (a *API) listings(ctx context.Context) (map[string]*listingView, error) {
	all, err := a.Calendars.Listings(ctx)
	if err != nil {
		return nil, err
	}
	views := make(map[string]*listingView, len(all))
	for _, l := range all {
		one := view.NewListing(l.Last)
		if one == nil {
			continue
		}
		if l.From != (calendar.Date{}) {
			one.From = l.From.String()
		}
		views[l.Instrument] = &listingView{*one, a.server.Views().Instant(l.Seen), a.server.Views().Instant(l.Changed)}
	}
	return views, nil
}

func (a *API) viewInstrument(i market.Instrument, kept bool, timeframes []market.Timeframe) instrumentView {
	v := instrumentView{Name: i.Name, Symbol: a.Symbol(i), Kind: i.Kind, Root: i.Root, Tick: i.Tick, Kept: kept}
	if i.Calendar != nil {
		v.Calendar, v.Inferred, v.Zone = i.Calendar.Name, i.Calendar.Inferred, i.Calendar.Zone.String()
	}
	v.Timeframes = append([]market.Timeframe{}, timeframes...)
	slices.SortFunc(v.Timeframes, market.Timeframe.Compare)
	return v
}
