package market

import (
	"fmt"
	"time"

	"barkeep/calendar"
)

// Calendars settle by which calendar the bars of each instrument are kept: what its name tells, what a provider's listing tells
// where the name tells nothing, and what operators changed. A value of it never changes; the zero value adds nothing to names.
type Calendars struct {
	listings map[string]Listing            // by instrument, the first that was seen
	newest   map[string]Listing            // by instrument
	changed  map[string]*calendar.Calendar // by name, those that operators changed
}

// NewCalendars takes the first and the newest listing of each instrument, and what operators changed. The error names a change
// that makes no sense; what is returned leaves that calendar's changes out.
func NewCalendars(first, newest map[string]Listing, changes []calendar.Change) (Calendars, error) {
	c := Calendars{listings: first, newest: newest, changed: map[string]*calendar.Calendar{}}
	var wrong error
	for _, change := range changes {
		if c.changed[change.Calendar] != nil {
			continue
		}
		plain, err := calendar.Of(change.Calendar)
		if err == nil {
			if c.changed[change.Calendar], err = plain.With(changes); err != nil {
				c.changed[change.Calendar] = plain
			}
		}
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("changed calendars: %w", err)
		}
	}
	return c, wrong
}

// Settle is the instrument with the calendar by which its bars are kept.
func (c Calendars) Settle(i Instrument) Instrument {
	if l, ok := c.listings[i.Name]; ok {
		i = i.Listed(l)
	}
	if changed := c.changed[i.Calendar.Name]; changed != nil {
		i.Calendar = changed
	}
	return i
}

// SettleAll is Settle of each. Instruments of one exchange share its calendar, whose table is read once.
func (c Calendars) SettleAll(instruments []Instrument) []Instrument {
	all := make([]Instrument, len(instruments))
	shared := map[string]*calendar.Calendar{}
	for k, i := range instruments {
		i = c.Settle(i)
		if name := i.Calendar.Name; name != calendar.Listed { // which is one a zone
			if shared[name] == nil {
				shared[name] = i.Calendar
			}
			i.Calendar = shared[name]
		}
		all[k] = i
	}
	return all
}

// Contradiction is an instrument of which the provider says that it trades in another zone than that of its calendar.
type Contradiction struct {
	Instrument string
	Kept, Said string // zones
}

// Contradictions are those of instruments, by the newest listing of each and the clocks of the year up to now.
func (c Calendars) Contradictions(instruments []Instrument, now time.Time) (all []Contradiction) {
	for _, i := range c.SettleAll(instruments) {
		newest := c.newest[i.Name]
		if i.Contradiction(newest, Window{From: now.AddDate(-1, 0, 0), To: now}) != "" {
			all = append(all, Contradiction{Instrument: i.Name, Kept: i.Calendar.Zone.String(), Said: newest.Zone})
		}
	}
	return all
}

// Listed is the instrument with the calendar that a listing tells, where its name tells none: by the type for currencies and what
// trades at all hours, else by the zone, with every weekday as a possible one. Without a type or a zone that is known it is the
// same.
func (i Instrument) Listed(l Listing) Instrument {
	if i.Calendar == nil || i.Calendar.Name != calendar.Unknown {
		return i
	}
	switch l.Type {
	case "CRYPTOCURRENCY":
		return i.by(calendar.Crypto)
	case "CURRENCY":
		return i.by(calendar.Currencies)
	}
	if zone, err := zoneOf(l.Zone); err == nil {
		i.Calendar = calendar.InferredIn(zone)
	}
	return i
}

// by is the instrument with the calendar of a name.
func (i Instrument) by(name string) Instrument {
	if c, err := calendar.Of(name); err == nil {
		i.Calendar = c
	}
	return i
}

// zoneOf loads a zone that an answer names. The zone of this machine, which "" and "Local" stand for, is none.
func zoneOf(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no zone", name)
	}
	return time.LoadLocation(name)
}

// certainSince is from when on the clocks of two zones are held against each other: before, the records of one city differ from
// those of another for reasons that no exchange knows of.
func certainSince() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// Contradiction says how a listing contradicts the calendar of the instrument: its clocks show another time somewhere in the
// window. Empty when they agree, or when the listing names no zone.
func (i Instrument) Contradiction(l Listing, w Window) string {
	if l.Zone == "" || l.Zone == i.Calendar.Zone.String() || i.Calendar.Name == calendar.Unknown {
		return ""
	}
	zone, err := zoneOf(l.Zone)
	if err != nil {
		return fmt.Sprintf("the provider names the zone %.40q, which is not known; the series is kept in %s", l.Zone, i.Calendar.Zone)
	}
	at := w.From
	if since := certainSince(); at.Before(since) {
		at = since
	}
	for ; ; at = at.Add(30 * 24 * time.Hour) {
		if at.After(w.To) {
			at = w.To
		}
		_, theirs := at.In(zone).Zone()
		if _, ours := at.In(i.Calendar.Zone).Zone(); ours != theirs {
			return fmt.Sprintf("the provider says that it trades in %s; the series is kept in %s, by the calendar %s", l.Zone,
				i.Calendar.Zone, i.Calendar.Name)
		}
		if !at.Before(w.To) {
			return ""
		}
	}
}
