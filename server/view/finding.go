package view

import (
	"fmt"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Finding is where the stored bars of an exchange and its calendar disagree.
type Finding struct {
	Calendar    string             `json:"calendar"`
	Kind        store.FindingKind  `json:"kind"`
	First       string             `json:"first" doc:"dates"`
	Last        string             `json:"last"`
	Days        int                `json:"days"`
	Dates       []string           `json:"dates" doc:"the first ones of many"`
	Instruments []string           `json:"instruments" doc:"that show it"`
	Of          int                `json:"of" doc:"how many of the exchange could"`
	Weak        bool               `json:"weak" doc:"one instrument alone shows it: nothing confirms it"`
	Timeframes  []market.Timeframe `json:"timeframes"`
	Bars        int64              `json:"bars" doc:"stored, or absent, against the calendar"`
	Clock       string             `json:"clock,omitempty" doc:"when trading began or ended by the bars, in the exchange's time"`
	Closure     bool               `json:"closure" doc:"the absent bars have the reason closed"`
	Advice      string             `json:"advice"`
	Seen        *Instant           `json:"first_seen"`
	Holds       *Instant           `json:"last_seen"`
}

// Findings shows what was found last.
func (r Renderer) Findings(all []store.Finding) []Finding {
	views := make([]Finding, len(all))
	for i := range all {
		f := &all[i]
		v := Finding{
			Calendar: f.Calendar, Kind: f.Kind, First: f.First.String(), Last: f.Last.String(), Days: f.Days, Dates: []string{},
			Instruments: append([]string{}, f.Instruments...), Of: f.Of, Weak: len(f.Instruments) == 1,
			Timeframes: append([]market.Timeframe{}, f.Timeframes...), Bars: f.Bars, Closure: f.Closure, Advice: advice(f),
			Seen: r.Instant(f.Seen), Holds: r.Instant(f.Holds),
		}
		for _, d := range f.Dates {
			v.Dates = append(v.Dates, d.String())
		}
		if f.Clock != 0 {
			v.Clock = calendar.WallOf(f.Clock)
		}
		views[i] = v
	}
	return views
}

// advice says what to do about a finding: a command for its first date.
func advice(f *store.Finding) string {
	add := fmt.Sprintf("barkeep calendar add %s %s", f.Calendar, f.First)
	open, closes, trades := "HH:MM", "HH:MM", true
	if c, err := calendar.Of(f.Calendar); err == nil {
		_, _, trades = c.Hours(f.First)
		if s, ok := c.Session(f.First); ok {
			open, closes = s.Open.In(c.Zone).Format("15:04"), s.Close.In(c.Zone).Format("15:04")
			if calendar.DateOf(s.Open.In(c.Zone)) != f.First {
				open = "-" + open
			}
		}
	}
	clock := calendar.WallOf(f.Clock)
	switch f.Kind {
	case store.FindingTraded:
		if trades {
			return "if it did trade: " + add + " regular"
		}
		return "if it did trade: " + add + " special --open HH:MM --close HH:MM"
	case store.FindingClosed:
		if f.Closure {
			return "taken for closed, and not asked for again; for certain: " + add
		}
		return "if it was closed: " + add + "; else it is asked for again"
	case store.FindingBefore:
		return "if it opened then: " + add + " special --open " + clock + " --close " + closes
	case store.FindingAfter:
		return "if it closed then: " + add + " special --open " + open + " --close " + clock
	case store.FindingLate:
		return "if it opened then: " + add + " late --open " + clock
	default:
		return "if it closed then: " + add + " early --close " + clock
	}
}
