package api

import (
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/store"
)

// The window of a calendar, in days.
const (
	usualDays = 31
	mostDays  = 3_700 // ten years
)

type calendarInput struct {
	Instrument string `query:"instrument" format:"exchange" example:"ES" required:"true" doc:"Of which, or of which exchange."`
	From       day    `query:"from" format:"date" example:"2026-01-05" doc:"The first trading date; today in UTC by default."`
	To         day    `query:"to" format:"date" example:"2026-02-05" doc:"The first one that is not wanted; 31 days later by default."`
}

// Resolve fills in what was not given, and refuses a window that is empty or too long.
func (p *calendarInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	if len(c.wrong) > 0 {
		return nil
	}
	if !c.query.Has("from") {
		p.From.Date = calendar.DateOf(c.api.server.Now().UTC())
	}
	if !c.query.Has("to") {
		p.To.Date = p.From.AddDays(usualDays)
	}
	if most := p.From.AddDays(mostDays); !p.From.Before(p.To.Date) || most.Before(p.To.Date) {
		c.refuse("query", "to", p.To.String(), "a date after from, which is "+p.From.String()+", and not after "+most.String())
	}
	return nil
}

// readCalendar shows when an exchange trades, with what the archive tells of it.
func (a *API) readCalendar(c *call, p *calendarInput) (view.Trading, error) {
	settled, _, err := store.SettledCalendars(c.r.Context(), a.Calendars)
	if err != nil {
		return view.Trading{}, err
	}
	i, err := a.traded(p.Instrument)
	if err != nil {
		return view.Trading{}, err
	}
	return view.NewTrading(settled.Settle(i).Calendar, p.From.Date, p.To.Date), nil
}

// traded reads an instrument, or an exchange by the name of its calendar.
func (a *API) traded(text string) (market.Instrument, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if i, err := market.NewInstrument(name, market.KindSpot, name); err == nil {
		return i, nil
	}
	return a.Resolve(text)
}

const acceptedExchanges = acceptedInstruments + ", or an exchange (XNYS, CME_EQUITY)"

// day is a date.
type day struct{ calendar.Date }

const acceptedDays = "a date such as 2026-11-22"

// UnmarshalText reads one.
func (d *day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil || t.Year() < 1 {
		return errNotAccepted
	}
	d.Date = calendar.DateOf(t)
	return nil
}
