package view

import (
	"time"

	"barkeep/calendar"
)

// Trading is when an exchange trades on the dates of a window.
type Trading struct {
	Calendar  string           `json:"calendar" doc:"XNYS"`
	Zone      string           `json:"zone" doc:"of the exchange"`
	Inferred  bool             `json:"inferred" doc:"hours and holidays are not known: nothing is ever late"`
	KnownFrom string           `json:"known_from,omitempty"`
	KnownTo   string           `json:"known_to,omitempty" doc:"the last date that its tables tell of; absent for no bound"`
	From      string           `json:"from"`
	To        string           `json:"to" doc:"the first date that is not in it any more"`
	Sessions  []TradingSession `json:"sessions"`
	Holidays  []Holiday        `json:"holidays" doc:"dates that usually have a session, and have none"`
}

// TradingSession is a session; its times are UTC.
type TradingSession struct {
	Date        string        `json:"date" doc:"the trading date"`
	Anchor      time.Time     `json:"anchor" doc:"from which intraday bars are counted, at or before the open"`
	Open        time.Time     `json:"open"`
	Close       time.Time     `json:"close"`
	Pauses      []Pause       `json:"pauses"`
	Kind        calendar.Kind `json:"kind" doc:"regular, early, late or special"`
	SettledNext bool          `json:"settled_with_next" doc:"it has no daily bar of its own"`
	Certain     bool          `json:"certain" doc:"published by the exchange, or otherwise known"`
}

// Pause is a time inside a session without trading.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Holiday is a date without a session.
type Holiday struct {
	Date    string `json:"date"`
	Certain bool   `json:"certain"`
}

// NewTrading shows a calendar from one date up to, but not including, another one.
func NewTrading(c *calendar.Calendar, from, to calendar.Date) Trading {
	v := Trading{
		Calendar: c.Name, Zone: c.Zone.String(), Inferred: c.Inferred, From: from.String(), To: to.String(),
		Sessions: []TradingSession{}, Holidays: []Holiday{},
	}
	if first, last, ok := c.Known(); ok {
		v.KnownFrom, v.KnownTo = first.String(), last.String()
	}
	for d := from; d.Before(to); d = d.AddDays(1) {
		s, ok := c.Session(d)
		if !ok {
			if _, _, usual := c.Hours(d); usual {
				v.Holidays = append(v.Holidays, Holiday{d.String(), c.Certain(d)})
			}
			continue
		}
		one := TradingSession{
			Date: d.String(), Anchor: s.Anchor.UTC(), Open: s.Open.UTC(), Close: s.Close.UTC(), Pauses: []Pause{}, Kind: s.Kind,
			SettledNext: s.SettledNext, Certain: c.Certain(d),
		}
		for _, b := range s.Breaks {
			one.Pauses = append(one.Pauses, Pause{b.From.UTC(), b.To.UTC()})
		}
		v.Sessions = append(v.Sessions, one)
	}
	return v
}
