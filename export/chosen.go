package export

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/query"
)

// span is a series and where its bars are.
type span struct {
	series  market.Series
	window  market.Window
	derived bool // the bars are made of those of another series
}

// slack is how far outside of what is stored now bars may have been known at an instant: those that were taken out since.
const slack = 400 * 24 * time.Hour

// chosen are the series that are exported, by instrument, the shortest timeframe first. A timeframe that was asked for and is not
// stored is folded from one that is.
func (e *exporter) chosen(states []market.SeriesState) []span {
	held, names := map[market.Series]market.Window{}, map[string]bool{}
	for _, s := range states {
		if s.Count > 0 {
			held[s.Series] = market.Window{From: s.Oldest, To: s.Newest.Add(time.Second)}
			names[s.Series.Instrument] = true
		}
	}
	var all []span
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if len(e.Instruments) > 0 && !slices.Contains(e.Instruments, name) {
			continue
		}
		for _, t := range market.Timeframes() {
			if len(e.Timeframes) > 0 && !slices.Contains(e.Timeframes, t) {
				continue
			}
			series := market.Series{Instrument: name, Timeframe: t}
			window, found := held[series]
			derived := !found || e.derived(series)
			if !found && len(e.Timeframes) > 0 {
				window, found = e.finer(series, held)
				window.From = window.From.Add(-slack) // a bar may start before its first base bar
			}
			if !found {
				continue
			}
			if !e.AsOf.IsZero() {
				window = market.Window{From: window.From.Add(-slack), To: window.To.Add(slack)}
			}
			all = append(all, span{series, window, derived})
		}
	}
	return all
}

// finer is where the bars are of which those of a series are folded that is not stored.
func (e *exporter) finer(series market.Series, held map[market.Series]market.Window) (window market.Window, found bool) {
	for _, from := range query.Finer(e.Capabilities, series) {
		if window, found = held[from]; found {
			break
		}
	}
	return window, found
}

// period is the time of one file of a folder: a month in UTC, of a day and longer bars a year, which has at most 366 of them.
type period struct {
	year   int
	name   string // "2026-08", "2026"
	window market.Window
}

// periodOf is the one in which a bar starts.
func periodOf(t market.Timeframe, at time.Time) period {
	at = at.UTC()
	if t.Intraday() {
		from := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
		return period{at.Year(), from.Format("2006-01"), market.Window{From: from, To: from.AddDate(0, 1, 0)}}
	}
	from := time.Date(at.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return period{at.Year(), fmt.Sprintf("%04d", at.Year()), market.Window{From: from, To: from.AddDate(1, 0, 0)}}
}

// periods are those in which bars of a span may start, and that the window chooses that was asked for.
func (e *exporter) periods(s span) (all []period) {
	for at := s.window.From; at.Before(s.window.To); {
		p := periodOf(s.series.Timeframe, at)
		if at = p.window.To; e.asked(p) {
			all = append(all, p)
		}
	}
	return all
}

// asked tells whether the window that was asked for chooses a period.
func (e *exporter) asked(p period) bool {
	w := e.Window
	return (w.From.IsZero() || w.From.Before(p.window.To)) && (w.To.IsZero() || p.window.From.Before(w.To))
}
