package view

import (
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Calendar tells how the trading of a calendar stands: which session its instruments should have the bars of, or why none.
type Calendar struct {
	Calendar    string   `json:"calendar" doc:"XNYS"`
	Zone        string   `json:"zone" doc:"of the exchange"`
	Inferred    bool     `json:"inferred" doc:"hours and holidays are not known: nothing is ever late"`
	Instruments []string `json:"instruments"`

	Due    *Session        `json:"due" doc:"closed in the last 24 hours; null when none did, or when it is not certain"`
	Why    calendar.Reason `json:"why,omitempty" doc:"none is due; absent where one is"`
	Detail string          `json:"detail,omitempty" doc:"the same as a sentence"`
	Open   *Session        `json:"open" doc:"in progress"`
	Last   *Session        `json:"last" doc:"the newest that has closed, however long ago"`
	Next   *Session        `json:"next" doc:"the first that opens from now on"`
	Notes  []string        `json:"notes"`
}

// Session is the trading of one trading date.
type Session struct {
	Date        string        `json:"date"`
	Kind        calendar.Kind `json:"kind"`
	Open        Local         `json:"open"`
	Close       Local         `json:"close"`
	SettledNext bool          `json:"settled_with_next" doc:"it has no daily bar of its own"`
	Certain     bool          `json:"certain"`
}

// Local is one moment in the time of an exchange, in UTC and in Pacific time, each with the offset that holds then.
type Local struct {
	Local string `json:"local"`
	Instant
}

// Calendars shows how the calendars of instruments stand, one each.
func (r Renderer) Calendars(instruments []market.Instrument, now time.Time) []Calendar {
	views := []Calendar{}
	for _, g := range market.ByCalendar(instruments, now) {
		c := g.Calendar
		s := c.Standing(now)
		views = append(views, Calendar{
			Calendar: c.Name, Zone: c.Zone.String(), Inferred: c.Inferred, Instruments: g.Instruments,
			Due: r.session(c, s.Due), Why: s.Why, Detail: s.String(), Open: r.session(c, s.Open), Last: r.session(c, s.Last),
			Next: r.session(c, s.Next), Notes: append([]string{}, s.Notes()...),
		})
	}
	return views
}

func (r Renderer) session(c *calendar.Calendar, s *calendar.Session) *Session {
	if s == nil {
		return nil
	}
	return &Session{
		Date: s.Date.String(), Kind: s.Kind, Open: r.local(c, s.Open), Close: r.local(c, s.Close), SettledNext: s.SettledNext,
		Certain: c.Certain(s.Date),
	}
}

func (r Renderer) local(c *calendar.Calendar, t time.Time) Local {
	return Local{Local: t.In(c.Zone).Format(time.RFC3339), Instant: *r.Instant(t)}
}
