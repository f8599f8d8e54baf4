package udf

import (
	"fmt"
	"strings"
	"time"

	"barkeep/calendar"
)

// hours is when something trades, in the library's words.
type hours struct {
	session     string // "0930-1600:23456", in the zone of the exchange
	holidays    string // "20261225,...": dates without trading on days of the week that have some
	corrections string // "0930-1300:20261127;...": dates with other hours than usual
}

// lookBack is for how many weeks a usual session of a day of the week is looked for.
const lookBack = 10

// hoursOf reads a calendar around now: a year of exceptions back, and a year ahead as far as they are certain.
func hoursOf(c *calendar.Calendar, now time.Time) hours {
	if c.Name == calendar.Crypto {
		return hours{session: "24x7"}
	}
	if c.Inferred {
		return hours{session: "0000-2400:23456"}
	}
	today := calendar.DateOf(now.In(c.Zone))
	var usual [7]string
	for day := range usual {
		usual[day] = usualOn(c, today, time.Weekday(day))
	}
	h := hours{session: weekly(usual)}
	h.holidays, h.corrections = exceptions(c, today, usual)
	return h
}

// usualOn are the hours of the newest regular session on a day of the week; empty for none.
func usualOn(c *calendar.Calendar, today calendar.Date, day time.Weekday) string {
	date := today.AddDays(int(day) - int(today.Weekday()))
	for range lookBack {
		if session, ok := c.Session(date); ok && session.Kind == calendar.Regular && !session.Short && !session.SettledNext {
			return spans(c, session)
		}
		date = date.AddDays(-7)
	}
	return ""
}

// weekly joins the hours of the days of the week, from Sunday, which is 1; days of the same hours together.
func weekly(usual [7]string) string {
	var parts []string
	done := map[string]bool{"": true}
	for _, text := range usual {
		if done[text] {
			continue
		}
		done[text] = true
		days := ""
		for other, same := range usual {
			if same == text {
				days += fmt.Sprint(other + 1)
			}
		}
		parts = append(parts, text+":"+days)
	}
	return strings.Join(parts, "|")
}

// exceptions lists the dates that differ from their day of the week.
func exceptions(c *calendar.Calendar, today calendar.Date, usual [7]string) (holidays, corrections string) {
	var closed, order []string
	others := map[string][]string{}
	for n := -365; n <= 365; n++ {
		date := today.AddDays(n)
		if n > 0 && !c.Certain(date) {
			continue
		}
		name := strings.ReplaceAll(date.String(), "-", "")
		session, ok := c.Session(date)
		text := ""
		if ok {
			text = spans(c, session)
		}
		switch {
		case text == usual[date.Weekday()]:
		case !ok:
			closed = append(closed, name)
		default:
			if others[text] == nil {
				order = append(order, text)
			}
			others[text] = append(others[text], name)
		}
	}
	parts := make([]string, len(order))
	for i, text := range order {
		parts[i] = text + ":" + strings.Join(others[text], ",")
	}
	return strings.Join(closed, ","), strings.Join(parts, ";")
}

// spans are the hours of a session without its breaks: "1900-0745,0830-1320".
func spans(c *calendar.Calendar, s calendar.Session) string {
	var parts []string
	from := s.Open
	add := func(to time.Time) {
		if from.Before(to) {
			parts = append(parts, span(c, s.Date, from, to))
		}
	}
	for _, b := range s.Breaks {
		add(b.From)
		from = b.To
	}
	add(s.Close)
	return strings.Join(parts, ",")
}

// span is a stretch of trading. One that begins on the evening before its date needs no mark where it ends at an earlier time of
// day; else F1 says so.
func span(c *calendar.Calendar, date calendar.Date, from, to time.Time) string {
	begins, before := wall(c, date, from, false)
	ends, endsBefore := wall(c, date, to, true)
	if before == 1 && endsBefore == 0 && begins > ends {
		return begins + "-" + ends
	}
	return begins + mark(before) + "-" + ends + mark(endsBefore)
}

func mark(days int) string {
	if days < 1 {
		return ""
	}
	return fmt.Sprint("F", days)
}

// wall is an instant as HHMM by the exchange's clock, and how many days before the date that is. The end of a day is 2400 of it.
func wall(c *calendar.Calendar, date calendar.Date, at time.Time, end bool) (text string, before int) {
	local := at.In(c.Zone)
	on := calendar.DateOf(local)
	text = local.Format("1504")
	if end && text == "0000" {
		text, on = "2400", on.AddDays(-1)
	}
	for day := on; day.Before(date); day = day.AddDays(1) {
		before++
	}
	return text, before
}
