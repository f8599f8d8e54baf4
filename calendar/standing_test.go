package calendar_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
)

// What a person asks on days without a session, and on ordinary ones: what is due, and why nothing is.
func TestStanding(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, at              string // in the exchange's time
		due, open, last, next string // trading dates
		why                   calendar.Reason
		says                  string // the sentence, then the notes
	}{
		{"XNYS", "2026-11-26 17:05", "", "", "2026-11-25", "2026-11-27", calendar.Holiday, // Thanksgiving, at the import
			"no session on Thu 2026-11-26 (holiday)|Fri 2026-11-27 closes early, at 13:00"},
		{
			"XNYS", "2026-11-26 10:00", "2026-11-25", "", "2026-11-25", "2026-11-27", "",
			"|no session on Thu 2026-11-26 (holiday)|Fri 2026-11-27 closes early, at 13:00",
		},
		{
			"XNYS", "2026-11-27 09:00", "", "", "2026-11-25", "2026-11-27", calendar.Holiday,
			"no session on Thu 2026-11-26 (holiday)|Fri 2026-11-27 closes early, at 13:00",
		},
		{"XNYS", "2026-11-27 13:00", "2026-11-27", "", "2026-11-27", "2026-11-30", "", "|Fri 2026-11-27 closes early, at 13:00"},
		{"XNYS", "2026-11-21 17:00", "", "", "2026-11-20", "2026-11-23", calendar.Weekend, "no session on Sat 2026-11-21 (weekend)"},
		{
			"XNYS", "2026-11-23 12:00", "", "2026-11-23", "2026-11-20", "2026-11-24", calendar.StillOpen,
			"the session of Mon 2026-11-23 is still open",
		},
		{"XNYS", "2026-11-24 12:00", "2026-11-23", "2026-11-24", "2026-11-23", "2026-11-25", "", ""},
		{"XNYS", "2026-04-04 17:00", "", "", "2026-04-02", "2026-04-06", calendar.Holiday, "no session on Fri 2026-04-03 (holiday)"},
		{
			"CME_EQUITY", "2026-11-26 17:05", "2026-11-26", "", "2026-11-26", "2026-11-27", "",
			"|Thu 2026-11-26 closes early, at 13:00|Thu 2026-11-26 has no daily bar: it is settled with the next session|" +
				"Fri 2026-11-27 closes early, at 13:15",
		},
		{"CME_EQUITY", "2026-11-22 20:00", "", "2026-11-23", "2026-11-20", "2026-11-24", calendar.StillOpen, // a Sunday evening
			"the session of Mon 2026-11-23 is still open"},
		{
			"CME_EQUITY", "2026-11-22 12:00", "", "", "2026-11-20", "2026-11-23", calendar.Weekend,
			"no session from Sat 2026-11-21 to Sun 2026-11-22 (weekend)",
		},
		{
			"CME_EQUITY", "2027-02-02 17:05", "", "", "2027-02-02", "2027-02-03", calendar.Uncertain,
			"it is not certain that Tue 2027-02-02 has a session",
		},
		{
			"CME_EQUITY", "2029-02-06 17:05", "", "", "2029-02-06", "2029-02-07", calendar.Uncertain,
			"Tue 2029-02-06 is after 2027-12-31, where the calendar ends",
		},
		{"XTKS", "2026-05-05 22:00", "", "", "2026-05-01", "2026-05-07", calendar.Holiday, // Golden Week
			"no session from Mon 2026-05-04 to Tue 2026-05-05 (holidays)|no session on Wed 2026-05-06 (holiday)"},
		{"XTKS", "2026-05-08 11:29", "2026-05-07", "2026-05-08", "2026-05-07", "2026-05-11", "", ""},
		{"XTKS", "2026-05-08 12:30", "2026-05-07", "2026-05-08", "2026-05-07", "2026-05-11", "", ""},
		{
			"CME_EQUITY", "2026-12-31 17:05", "2026-12-31", "", "2026-12-31", "2027-01-04", "",
			"|no session on Fri 2027-01-01 (holiday?)|it is not certain that Mon 2027-01-04 has a session",
		},
		{
			"CME_EQUITY", "2027-01-01 12:00", "2026-12-31", "", "2026-12-31", "2027-01-04", "",
			"|no session on Fri 2027-01-01 (holiday?)|it is not certain that Mon 2027-01-04 has a session",
		},
		{
			"XTKS", "2026-11-21 18:00", "", "", "2026-11-20", "2026-11-24", calendar.Weekend,
			"no session on Sat 2026-11-21 (weekend)|no session on Mon 2026-11-23 (holiday)",
		},
		{
			"XNYS", "2026-11-25 12:00", "2026-11-24", "2026-11-25", "2026-11-24", "2026-11-27", "",
			"|no session on Thu 2026-11-26 (holiday)|Fri 2026-11-27 closes early, at 13:00",
		},
		{
			"XNYS", "2027-11-24 17:00", "2027-11-24", "", "2027-11-24", "2027-11-26", "",
			"|no session on Thu 2027-11-25 (holiday)|Fri 2027-11-26 closes early, at 13:00",
		},
		{"XTKS", "2026-05-08 06:05", "2026-05-07", "", "2026-05-07", "2026-05-08", "", ""}, // at the import in California
		{
			"XTKS", "2026-05-08 12:00", "2026-05-07", "2026-05-08", "2026-05-07", "2026-05-11", "",
			"|Fri 2026-05-08 is in its break, until 12:30",
		},
		{
			"XTKS", "2028-02-11 16:00", "", "", "2028-02-11", "2028-02-14", calendar.Uncertain,
			"Fri 2028-02-11 is after 2027-12-31, where the calendar ends",
		},
		{
			"XTKS", "1999-11-11 16:00", "", "", "1999-11-11", "1999-11-12", calendar.Uncertain,
			"Thu 1999-11-11 is before 2000-01-01, where the calendar begins",
		},
		{"CRYPTO", "2026-11-21 12:00", "2026-11-20", "2026-11-21", "2026-11-20", "2026-11-22", "", ""},
		{"FX", "2026-11-27 22:30", "2026-11-27", "", "2026-11-27", "2026-11-30", "", ""}, // Friday after 17:00 New York
		{
			"FX", "2026-11-29 12:00", "", "", "2026-11-27", "2026-11-30", calendar.Weekend,
			"no session from Sat 2026-11-28 to Sun 2026-11-29 (weekend)",
		},
		{
			"UNKNOWN", "2026-11-26 12:00", "", "2026-11-26", "2026-11-25", "2026-11-27", calendar.Inferred,
			"hours and holidays are not known (inferred): nothing is ever late",
		},
		{
			"BVMF", "2026-02-18 12:00", "", "", "2026-02-13", "2026-02-18", calendar.Holiday,
			"no session from Mon 2026-02-16 to Tue 2026-02-17 (holidays)|Wed 2026-02-18 opens late, at 13:00",
		},
		{
			"XBOM", "2019-10-27 17:00", "", "", "2019-10-25", "2019-10-27", calendar.Weekend,
			"no session on Sat 2019-10-26 (weekend)|Sun 2019-10-27 has hours of its own",
		},
	} {
		c := of(t, tt.name)
		s := c.Standing(at(t, c.Zone, tt.at))
		said := strings.Join(append([]string{s.String()}, s.Notes()...), "|")
		if s.Open != nil && s.Off != nil {
			t.Errorf("%s at %s: open, and off %s", tt.name, tt.at, s.Off)
		}
		if got := []string{dateOf(s.Due), dateOf(s.Open), dateOf(s.Last), dateOf(s.Next)}; s.Why != tt.why || said != tt.says ||
			strings.Join(got, " ") != strings.Join([]string{tt.due, tt.open, tt.last, tt.next}, " ") {
			t.Errorf("%s at %s: due, open, last, next %q, why %q\n%s\nwant %q %q %q %q %q\n%s", tt.name, tt.at, got, s.Why, said,
				tt.due, tt.open, tt.last, tt.next, tt.why, tt.says)
		}
	}
}

// A day that opens so late that the session before it is a day old is neither a holiday nor a weekend.
func TestNotOpenedYet(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range calendar.Names() {
		c := of(t, name)
		for d := (calendar.Date{Year: 2010, Month: 1, Day: 1}); d.Year < 2027; d = d.AddDays(1) {
			s, ok := c.Session(d)
			before, known := c.LastClosed(s.Open)
			if !ok || !known || before.Date != d.AddDays(-1) || !c.Certain(before.Date) || s.Open.Sub(before.Close) <= calendar.Fresh {
				continue
			}
			found++
			const want = "the next session has not opened yet"
			if got := c.Standing(s.Open.Add(-time.Second)); got.Why != calendar.NotOpened || got.String() != want {
				t.Errorf("%s before %s: %s, %q, want %q", name, d, got.Why, got, want)
			}
		}
	}
	if found == 0 {
		t.Error("no such day in any calendar")
	}
}

// An exchange that is closed for months, as Moscow's was, has neither a last session nor a next one; it opens again.
func TestClosedForMonths(t *testing.T) {
	t.Parallel()
	text := "zone Europe/Moscow\nknown 2021-01-01 2022-12-31\nhours 1111100 - - 10:00/18:00\nclosed 2022"
	for d := (calendar.Date{Year: 2022, Month: 3, Day: 1}); d.Month < 7; d = d.AddDays(1) {
		text += d.At(time.UTC, 0).Format(" 0102")
	}
	c, err := calendar.FromTable("CLOSED", text+"\nunsure 2022-06-15 2022-06-16\n")
	if err != nil {
		t.Fatal(err)
	}
	const from1, to1 = "no session from Tue 2022-03-01 to ", " (holidays)"
	for _, tt := range []struct {
		at, last, next string
		off, away      string
		why            calendar.Reason
	}{
		{"2022-02-28 12:00", "2022-02-25", "", "", from1 + "Thu 2022-03-31" + to1, calendar.StillOpen},
		{
			"2022-03-01 12:00", "2022-02-28", "", "no session on Tue 2022-03-01 (holiday)",
			"no session from Wed 2022-03-02 to Fri 2022-04-01" + to1, "",
		},
		{
			"2022-03-15 12:00", "2022-02-28", "", from1 + "Tue 2022-03-15" + to1, "no session from Wed 2022-03-16 to Fri 2022-04-15" + to1,
			calendar.Holiday,
		},
		{
			"2022-05-10 12:00", "", "", "no session from Mon 2022-04-11 to Tue 2022-05-10" + to1,
			"no session from Wed 2022-05-11 to Fri 2022-06-10" + to1, calendar.Holiday,
		},
		{
			"2022-06-23 12:00", "", "2022-07-01", "no session from Mon 2022-05-23 to Thu 2022-06-23 (holidays?)",
			"no session from Fri 2022-06-24 to Thu 2022-06-30" + to1, calendar.Holiday,
		},
		{
			"2022-05-31 12:00", "", "2022-07-01", "no session from Mon 2022-05-02 to Tue 2022-05-31" + to1,
			"no session from Wed 2022-06-01 to Thu 2022-06-30 (holidays?)", calendar.Holiday,
		},
		{
			"2022-05-30 12:00", "", "", "no session from Fri 2022-04-29 to Mon 2022-05-30" + to1,
			"no session from Tue 2022-05-31 to Thu 2022-06-30 (holidays?)", calendar.Holiday,
		},
		{"2022-07-01 18:00", "2022-07-01", "2022-07-04", "", "", ""},
	} {
		s := c.Standing(at(t, c.Zone, tt.at))
		var off, away string
		if s.Off != nil {
			off = s.Off.String()
		}
		if s.Away != nil {
			away = s.Away.String()
		}
		if dateOf(s.Last) != tt.last || dateOf(s.Next) != tt.next || off != tt.off || away != tt.away || s.Why != tt.why {
			t.Errorf("%s: last %s, next %s, why %q\n%s\n%s\nwant %s, %s, %q\n%s\n%s", tt.at, dateOf(s.Last), dateOf(s.Next), s.Why,
				off, away, tt.last, tt.next, tt.why, tt.off, tt.away)
		}
	}
}

func dateOf(s *calendar.Session) string {
	if s == nil {
		return ""
	}
	return s.Date.String()
}

// At any instant of any calendar a session is due, or there is one reason why none is; what is open, what was last and what comes
// next leave nothing out.
func TestStandingLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := of(t, rapid.SampledFrom(everyone()).Draw(t, "name"))
		now := draw(t, c)
		if rapid.Bool().Draw(t, "at an edge") { // of a session near by, to the nanosecond
			if near := c.Sessions(now.AddDate(0, 0, -8), now); len(near) > 0 {
				s := rapid.SampledFrom(near).Draw(t, "session")
				now = rapid.SampledFrom([]time.Time{s.Open, s.Close, s.Close.Add(calendar.Fresh)}).Draw(t, "edge").
					Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
			}
		}
		s := c.Standing(now)
		if s.Last == nil || s.Next == nil {
			t.Fatalf("%v: last %v, next %v", now, s.Last, s.Next)
		}
		if s.Last.Close.After(now) || !s.Next.Open.After(now) {
			t.Fatalf("%v: last closed %v, next opens %v", now, s.Last.Close, s.Next.Open)
		}
		between := c.Sessions(s.Last.Close, s.Next.Open)
		if open := s.Open; open == nil && len(between) != 0 || open != nil && (len(between) != 1 || between[0].Date != open.Date ||
			open.Open.After(now) || !open.Close.After(now)) {
			t.Fatalf("%v: open %+v, between the last and the next %+v", now, open, between)
		}
		judged(t, c, s, now)
		for i, line := range append([]string{s.String()}, s.Notes()...) {
			if most := map[bool]int{true: 65, false: 76}[i == 0]; len(line) > most {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
	})
}

// judged holds what is due, or the reason, against what makes it true.
func judged(t *rapid.T, c *calendar.Calendar, s calendar.Standing, now time.Time) {
	t.Helper()
	fresh := now.Sub(s.Last.Close) < calendar.Fresh
	if (s.Due == nil) != (s.Why != "") || s.Due != nil && s.Due != s.Last || (s.Why == "") != (s.String() == "") {
		t.Fatalf("%v: due %v, why %q, %q", now, s.Due, s.Why, s)
	}
	certain := fresh && c.Certain(s.Last.Date)
	if certain != (s.Due != nil) {
		t.Fatalf("%v: due %v, but the session of %s closed %v", now, s.Due, s.Last.Date, s.Last.Close)
	}
	today := calendar.DateOf(now.In(c.Zone))
	holiday, without := false, 0
	for d := s.Last.Date.AddDays(1); !today.Before(d); d = d.AddDays(1) {
		if _, ok := c.Session(d); !ok {
			_, _, usual := c.Hours(d)
			holiday, without = holiday || usual, without+1
		}
	}
	if (s.Off != nil) != (s.Open == nil && without > 0) || s.Off != nil && s.Off.Holiday != holiday {
		t.Fatalf("%v: off %+v, %d dates without a session, holidays %t", now, s.Off, without, holiday)
	}
	for _, off := range []*calendar.Off{s.Off, s.Away} {
		if off == nil {
			continue
		}
		for d := off.From; !off.To.Before(d); d = d.AddDays(1) {
			if _, ok := c.Session(d); ok || !s.Last.Date.Before(d) || !d.Before(s.Next.Date) || s.Open == nil && today.Before(d) != (off == s.Away) {
				t.Fatalf("%v: off %+v, with a session on %s or outside of what was asked", now, off, d)
			}
		}
	}
	ahead := false // a holiday between today, or the session that is open, and the next one
	from := today
	if s.Open != nil {
		from = s.Open.Date
	}
	for d := from.AddDays(1); d.Before(s.Next.Date); d = d.AddDays(1) {
		_, ok := c.Session(d)
		_, _, usual := c.Hours(d)
		ahead = ahead || !ok && usual
	}
	if ahead != (s.Away != nil) || s.Away != nil && !s.Away.Holiday {
		t.Fatalf("%v: away %+v, with a holiday ahead: %t", now, s.Away, ahead)
	}
	holds := map[calendar.Reason]bool{
		"": certain, calendar.Inferred: c.Inferred, calendar.Uncertain: !c.Inferred && fresh && !certain,
		calendar.StillOpen: !c.Inferred && !fresh && s.Open != nil,
		calendar.Holiday:   !c.Inferred && !fresh && s.Open == nil && holiday,
		calendar.Weekend:   !c.Inferred && !fresh && s.Open == nil && !holiday && without > 0,
		calendar.NotOpened: !c.Inferred && !fresh && s.Open == nil && without == 0,
	}
	hold := 0
	for _, is := range holds {
		if is {
			hold++
		}
	}
	if hold != 1 || !holds[s.Why] {
		t.Fatalf("%v: why %q; what holds: %v", now, s.Why, holds)
	}
}

// Every certain session of every calendar is due from its close on, for a day or until another one closes.
func TestEverySessionBecomesDue(t *testing.T) {
	t.Parallel()
	for _, name := range everyone() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := of(t, name)
			for d := (calendar.Date{Year: 2024, Month: 1, Day: 1}); d.Year < 2028; d = d.AddDays(1) {
				s, ok := c.Session(d)
				if !ok {
					continue
				}
				if got := c.Standing(s.Open); dateOf(got.Open) != d.String() {
					t.Fatalf("the session of %s is not open when it opens: %+v", d, got.Open)
				}
				at := c.Standing(s.Close)
				if due := dateOf(at.Due) == d.String(); due != c.Certain(d) || dateOf(at.Last) != d.String() {
					t.Fatalf("at its close the session of %s is due: %t; last %s", d, due, dateOf(at.Last))
				}
				if later := c.Standing(s.Close.Add(calendar.Fresh)); dateOf(later.Due) == d.String() {
					t.Fatalf("a day after its close the session of %s is still due", d)
				}
			}
		})
	}
}
