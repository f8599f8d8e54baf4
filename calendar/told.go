package calendar

import "fmt"

// Named is the date with its day of the week, "Thu 2026-11-26".
func (d Date) Named() string { return d.Weekday().String()[:3] + " " + d.String() }

// String tells why no session is due, in at most 65 characters and without a full stop; it is empty where one is.
func (s Standing) String() string {
	switch s.Why {
	case Inferred:
		return "hours and holidays are not known (inferred): nothing is ever late"
	case Uncertain:
		return s.calendar.doubt(s.Last.Date)
	case StillOpen:
		return "the session of " + s.Open.Date.Named() + " is still open"
	case Holiday, Weekend:
		return s.Off.String()
	case NotOpened:
		return "the next session has not opened yet"
	default:
		return ""
	}
}

// doubt tells why a date is not certain.
func (c *Calendar) doubt(d Date) string {
	switch from, to, ok := c.Known(); {
	case ok && to.Before(d):
		return fmt.Sprintf("%s is after %s, where the calendar ends", d.Named(), to)
	case ok && d.Before(from):
		return fmt.Sprintf("%s is before %s, where the calendar begins", d.Named(), from)
	default:
		return "it is not certain that " + d.Named() + " has a session"
	}
}

// String tells which dates have no session: "no session on Thu 2026-11-26 (holiday)".
func (o Off) String() string {
	when, what := "on "+o.From.Named(), string(Weekend)
	if o.Holiday {
		what = string(Holiday)
	}
	if o.From != o.To {
		when = "from " + o.From.Named() + " to " + o.To.Named()
		if o.Holiday {
			what += "s"
		}
	}
	if !o.Certain {
		what += "?"
	}
	return "no session " + when + " (" + what + ")"
}

// Notes are further sentences of at most 76 characters: the dates without a session behind one that is still due, the holidays to
// come, a session that closes early or has no daily bar, a break, a date that is not certain.
func (s Standing) Notes() []string {
	var notes []string
	if s.Due != nil && s.Off != nil {
		notes = append(notes, s.Off.String())
	}
	if s.Away != nil {
		notes = append(notes, s.Away.String())
	}
	doubted := s.Why == Uncertain || s.calendar.Inferred
	for _, session := range []*Session{s.Due, s.Open, s.Next} {
		if session == nil {
			continue
		}
		notes = append(notes, session.remarks()...)
		if !doubted && !s.calendar.Certain(session.Date) {
			notes, doubted = append(notes, s.calendar.doubt(session.Date)), true
		}
	}
	if s.Open != nil {
		for _, b := range s.Open.Breaks {
			if !s.now.Before(b.From) && s.now.Before(b.To) {
				notes = append(notes, fmt.Sprintf("%s is in its break, until %s", s.Open.Date.Named(), b.To.Format("15:04")))
			}
		}
	}
	return notes
}

// remarks tell what is unusual about a session.
func (s Session) remarks() []string {
	var all []string
	name := s.Date.Named()
	switch s.Kind {
	case Early:
		all = append(all, name+" closes early, at "+s.Close.Format("15:04"))
	case Late:
		all = append(all, name+" opens late, at "+s.Open.Format("15:04"))
	case Special:
		all = append(all, name+" has hours of its own")
	case Regular, Closed:
	}
	if s.SettledNext {
		all = append(all, name+" has no daily bar: it is settled with the next session")
	}
	return all
}
