package view

import (
	"slices"
	"time"

	"barkeep/market"
)

// Series is what the archive holds of one series.
type Series struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Bars       int64            `json:"bars"`
	Oldest     *Instant         `json:"oldest"`
	Newest     *Instant         `json:"newest"`
	Age        *float64         `json:"newest_age_seconds" doc:"since the newest bar's start"`
}

// Series shows what is stored, ordered by instrument and then timeframe, the shortest first.
func (r Renderer) Series(states []market.SeriesState, now time.Time) []Series {
	states = slices.SortedFunc(slices.Values(states), func(a, b market.SeriesState) int { return a.Series.Compare(b.Series) })
	views := make([]Series, len(states))
	for i, state := range states {
		views[i] = Series{
			Instrument: state.Series.Instrument, Timeframe: state.Series.Timeframe, Bars: state.Count,
			Oldest: r.Instant(state.Oldest), Newest: r.Instant(state.Newest),
		}
		if !state.Newest.IsZero() {
			age := now.Sub(state.Newest).Round(time.Second).Seconds()
			views[i].Age = &age
		}
	}
	return views
}
