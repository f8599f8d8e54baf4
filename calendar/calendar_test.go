package calendar_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
)

// Globex opens at 18:00 New York, which is 23:00 UTC in winter and 22:00 in summer; both days of a change are covered.
func TestOvernightOpenOverClockChanges(t *testing.T) {
	t.Parallel()
	cal := of(t, "CME_EQUITY")
	for _, tt := range []struct {
		date       calendar.Date
		open, shut string
	}{
		{calendar.Date{Year: 2026, Month: 3, Day: 6}, "2026-03-05 23:00", "2026-03-06 22:00"},
		{calendar.Date{Year: 2026, Month: 3, Day: 9}, "2026-03-08 22:00", "2026-03-09 21:00"}, // clocks changed that Sunday
		{calendar.Date{Year: 2026, Month: 10, Day: 30}, "2026-10-29 22:00", "2026-10-30 21:00"},
		{calendar.Date{Year: 2026, Month: 11, Day: 2}, "2026-11-01 23:00", "2026-11-02 22:00"},
	} {
		s, ok := cal.Session(tt.date)
		if !ok || !s.Open.Equal(at(t, time.UTC, tt.open)) || !s.Close.Equal(at(t, time.UTC, tt.shut)) {
			t.Errorf("session of %s: %v to %v (%t), want %s to %s", tt.date, s.Open.UTC(), s.Close.UTC(), ok, tt.open, tt.shut)
		}
		if s.Close.Sub(s.Open) != 23*time.Hour {
			t.Errorf("session of %s lasts %v", tt.date, s.Close.Sub(s.Open))
		}
	}
}

func TestTradingDateAndOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, at, date, open string }{
		{"CME_EQUITY", "2026-03-05 17:59", "2026-03-05", "2026-03-04 18:00"},
		{"CME_EQUITY", "2026-03-05 18:00", "2026-03-06", "2026-03-05 18:00"},
		{"CME_EQUITY", "2026-03-06 17:30", "2026-03-06", "2026-03-05 18:00"}, // Friday after the close
		{"CME_EQUITY", "2026-03-07 12:00", "2026-03-06", "2026-03-05 18:00"}, // Saturday
		{"CME_EQUITY", "2026-03-08 17:59", "2026-03-06", "2026-03-05 18:00"}, // Sunday before the open
		{"CME_EQUITY", "2026-03-08 18:00", "2026-03-09", "2026-03-08 18:00"},
		{"CME_EQUITY", "2026-12-25 10:00", "2026-12-25", "2026-12-24 18:00"}, // holidays do not move dates
		{"XNYS", "2026-03-09 09:29", "2026-03-06", "2026-03-06 09:30"},
		{"XNYS", "2026-03-09 09:30", "2026-03-09", "2026-03-09 09:30"},
		{"CBOT_GRAINS", "2026-03-09 09:00", "2026-03-09", "2026-03-08 20:00"},
		{"ICE_CT", "2026-03-09 21:00", "2026-03-10", "2026-03-09 21:00"},
		{"CRYPTO", "2026-03-08 02:30", "2026-03-08", "2026-03-08 00:00"},
		{"FX", "2026-03-28 22:59", "2026-03-27", "2026-03-27 00:00"},
		{"FX", "2026-03-28 23:00", "2026-03-30", "2026-03-28 23:00"}, // 24 hours before Monday: the clocks go forward between them
		{"FX", "2026-10-25 00:59", "2026-10-23", "2026-10-23 00:00"},
		{"FX", "2026-03-22 22:00", "2026-03-23", "2026-03-22 00:00"}, // a Sunday evening belongs to Monday
		{"FX", "2026-03-31 00:00", "2026-03-31", "2026-03-31 00:00"},
		{"XTAE", "2025-12-28 10:00", "2025-12-28", "2025-12-28 09:59"}, // Sundays were days of trading in Israel until 2026
		{"XTAE", "2026-01-11 10:00", "2026-01-09", "2026-01-09 09:59"},
		{"XSAU", "2026-03-15 10:00", "2026-03-15", "2026-03-15 10:00"},
		{"XSAU", "2026-03-13 10:00", "2026-03-12", "2026-03-12 10:00"}, // Friday is a weekend there
		{"XBOM", "2019-10-27 18:14", "2019-10-25", "2019-10-25 09:15"},
		{"XBOM", "2019-10-27 18:15", "2019-10-27", "2019-10-27 18:15"}, // a muhurat evening, on a Sunday
		{"XTAI", "2018-03-31 09:00", "2018-03-31", "2018-03-31 09:00"}, // a Saturday on which Taiwan made up for a holiday
		{"XKRX", "2025-11-13 09:30", "2025-11-12", "2025-11-12 09:00"}, // the day of the college entrance exam opens an hour late
		{"XKRX", "2025-11-13 10:00", "2025-11-13", "2025-11-13 10:00"},
	} {
		cal := of(t, tt.name)
		now := at(t, cal.Zone, tt.at)
		if got := cal.TradingDate(now).String(); got != tt.date {
			t.Errorf("%s at %s belongs to %s, want %s", tt.name, tt.at, got, tt.date)
		}
		if got := cal.Open(now); !got.Equal(at(t, cal.Zone, tt.open)) {
			t.Errorf("%s at %s opened at %v, want %s", tt.name, tt.at, got, tt.open)
		}
	}
}

func TestIsOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, at string
		open     bool
	}{
		{"CME_EQUITY", "2026-03-06 16:59", true},
		{"CME_EQUITY", "2026-03-06 17:00", false},
		{"CME_EQUITY", "2026-03-05 18:00", true},
		{"CME_EQUITY", "2026-03-07 12:00", false},
		{"CME_EQUITY", "2026-11-27 13:14", true}, // the day after Thanksgiving
		{"CME_EQUITY", "2026-11-27 13:15", false},
		{"CME_EQUITY", "2026-12-25 10:00", false},
		{"CBOT_GRAINS", "2026-03-09 08:44", true},
		{"CBOT_GRAINS", "2026-03-09 08:45", false}, // the break of the grains
		{"CBOT_GRAINS", "2026-03-09 09:29", false},
		{"CBOT_GRAINS", "2026-03-09 09:30", true},
		{"CBOT_GRAINS", "2026-03-09 14:20", false},
		{"CBOT_GRAINS", "2013-04-05 14:30", true}, // the close moved from 15:00 to 14:15 on 8 April 2013
		{"CBOT_GRAINS", "2013-04-08 14:30", false},
		{"XNYS", "2026-03-09 09:29", false},
		{"XNYS", "2026-03-09 15:59", true},
		{"CRYPTO", "2026-03-08 03:00", true},
		{"CRYPTO", "2026-12-25 23:59", true},
		{"FX", "2026-10-25 20:59", false}, // 16:59 New York, whose clocks change a week after London's
		{"FX", "2026-10-25 21:00", true},
		{"FX", "2026-11-01 21:59", false},
		{"FX", "2026-11-01 22:00", true},
		{"FX", "2026-11-06 21:59", true}, // Friday 16:59 New York
		{"FX", "2026-11-06 22:00", false},
		{"FX", "2026-12-25 12:00", true},
		{"XTKS", "2026-05-04 10:00", false}, // Golden Week
		{"XTKS", "2026-05-07 11:29", true},
		{"XTKS", "2026-05-07 11:30", false}, // lunch
		{"XTKS", "2026-05-07 12:30", true},
		{"XTKS", "2024-11-01 15:15", false}, // the close moved from 15:00 to 15:30 on 5 November 2024
		{"XTKS", "2024-11-05 15:15", true},
		{"XHKG", "2026-02-16 11:59", true}, // the eve of the Lunar New Year ends at noon, without a lunch
		{"XHKG", "2026-02-16 13:00", false},
		{"BVMF", "2026-02-18 12:59", false}, // Ash Wednesday opens at 13:00
		{"BVMF", "2026-02-18 13:00", true},
		{"XMEX", "2026-03-09 07:30", true}, // Mexico keeps New York's hours, and has no summer time
		{"XMEX", "2026-03-06 07:30", false},
	} {
		cal := of(t, tt.name)
		if got := cal.IsOpen(at(t, cal.Zone, tt.at)); got != tt.open {
			t.Errorf("%s open at %s: %t", tt.name, tt.at, got)
		}
	}
}

func TestLastClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, at, date string }{
		{"CME_EQUITY", "2026-03-06 16:59", "2026-03-05"},
		{"CME_EQUITY", "2026-03-06 17:00", "2026-03-06"}, // a close counts at once
		{"CME_EQUITY", "2026-03-08 20:00", "2026-03-06"},
		{"CME_EQUITY", "2026-11-27 13:15", "2026-11-27"},
		{"XNYS", "2026-11-26 18:00", "2026-11-25"}, // Thanksgiving
		{"XNYS", "2026-03-09 09:00", "2026-03-06"},
		{"CRYPTO", "2026-03-08 00:00", "2026-03-07"},
	} {
		cal := of(t, tt.name)
		s, ok := cal.LastClosed(at(t, cal.Zone, tt.at))
		if !ok || s.Date.String() != tt.date {
			t.Errorf("last closed of %s at %s: %s (%t), want %s", tt.name, tt.at, s.Date, ok, tt.date)
		}
	}
}

func TestBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, at string
		n        int
		want     string
	}{
		{"CME_EQUITY", "2026-03-10 12:00", 0, "2026-03-09 18:00"},
		{"CME_EQUITY", "2026-03-10 12:00", 1, "2026-03-08 18:00"},
		{"CME_EQUITY", "2026-03-10 12:00", 2, "2026-03-05 18:00"}, // over the weekend and the clock change
		{"CME_EQUITY", "2026-03-07 12:00", 0, "2026-03-05 18:00"},
		{"CME_EQUITY", "2026-12-28 12:00", 1, "2026-12-23 18:00"}, // over Christmas
		{"XNYS", "2026-11-27 10:00", 1, "2026-11-25 09:30"},
		{"XNYS", "2026-03-10 12:00", 60, "2025-12-10 09:30"},
	} {
		cal := of(t, tt.name)
		if got := cal.SessionsBack(at(t, cal.Zone, tt.at), tt.n); !got.Equal(at(t, cal.Zone, tt.want)) {
			t.Errorf("%s %d sessions back from %s: %v, want %s", tt.name, tt.n, tt.at, got.In(cal.Zone), tt.want)
		}
	}
}

func TestSessionsOfAWindow(t *testing.T) {
	t.Parallel()
	cal := of(t, "CME_EQUITY")
	for _, tt := range []struct {
		from, to string
		want     []string
	}{
		{"2026-03-07 00:00", "2026-03-08 18:00", nil}, // a weekend, up to the open
		{"2026-03-07 00:00", "2026-03-08 18:01", []string{"2026-03-09"}},
		{"2026-03-06 16:59", "2026-03-09 18:01", []string{"2026-03-06", "2026-03-09", "2026-03-10"}},
		{"2026-03-06 17:00", "2026-03-08 18:00", nil},
		{"2026-12-24 12:00", "2026-12-28 12:00", []string{"2026-12-24", "2026-12-28"}},
		{"2026-03-09 12:00", "2026-03-09 12:00", nil},
		{"2026-03-09 12:00", "2026-03-08 12:00", nil},
	} {
		var got []string
		for _, s := range cal.Sessions(at(t, cal.Zone, tt.from), at(t, cal.Zone, tt.to)) {
			got = append(got, s.Date.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("sessions of %s to %s: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
}

// draw makes an instant between 2000 and 2030: anywhere, near an open or a close, near the change of clocks in the exchange's
// zone or in New York's, or on a Sunday.
func draw(t *rapid.T, cal *calendar.Calendar) time.Time {
	anywhere := time.Unix(rapid.Int64Range(946684800, 1893456000).Draw(t, "unix"), 0).UTC()
	near := anywhere
	switch rapid.SampledFrom([]string{"anywhere", "open", "close", "clock change", "Sunday"}).Draw(t, "where") {
	case "open":
		near = cal.NextOpen(anywhere)
	case "close":
		if s, ok := cal.LastClosed(anywhere); ok {
			near = s.Close
		}
	case "clock change":
		zone := rapid.SampledFrom([]*time.Location{cal.Zone, of(t, "XNYS").Zone}).Draw(t, "zone")
		if _, change := anywhere.In(zone).ZoneBounds(); !change.IsZero() {
			near = change
		}
	case "Sunday":
		near = calendar.DateOf(anywhere).AddDays(-int(anywhere.Weekday())).At(cal.Zone, 18*time.Hour)
	default:
	}
	return near.Add(time.Duration(rapid.SampledFrom([]int64{0, -1, 1, -3600, 3600, 21600}).Draw(t, "off")) * time.Second)
}

// Every instant belongs to exactly one trading date, which begins with its open and ends with the next one; sessions contain
// what belongs to them.
func TestTradingDatesPartitionTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := of(t, rapid.SampledFrom(everyone()).Draw(t, "name"))
		now := draw(t, cal)
		d, open := cal.TradingDate(now), cal.Open(now)
		if open.After(now) || cal.TradingDate(open) != d {
			t.Fatalf("%v belongs to %s, whose open %v belongs to %s", now, d, open, cal.TradingDate(open))
		}
		next := cal.NextOpen(now)
		if !next.After(now) || cal.TradingDate(next.Add(-1)) != d || !cal.Open(next).Equal(next) {
			t.Fatalf("%v belongs to %s, and the next date opens %v", now, d, next)
		}
		s, trades := cal.Session(d)
		if from, _, ok := cal.Hours(d); (!trades || s.Kind == calendar.Regular) && (!ok || !from.Equal(open)) {
			t.Fatalf("%s usually opens %v (%t), and opened %v", d, from, ok, open)
		}
		if trades && (!s.Anchor.Equal(open) || s.Open.Before(open) || cal.TradingDate(s.Close.Add(-time.Second)) != d) {
			t.Fatalf("session %+v of %v", s, now)
		}
		later := now.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "seconds")) * time.Second)
		if cal.TradingDate(later).Before(d) {
			t.Fatalf("%v belongs to %s, but the later %v to %s", now, d, later, cal.TradingDate(later))
		}
		if cal.IsOpen(now) != (len(cal.Sessions(now, now.Add(1))) == 1 && !inBreak(cal, now)) {
			t.Fatalf("IsOpen(%v) = %t", now, cal.IsOpen(now))
		}
	})
}

func inBreak(cal *calendar.Calendar, now time.Time) bool {
	s, _ := cal.SessionAt(now)
	return slices.ContainsFunc(s.Breaks, func(b calendar.Break) bool { return !now.Before(b.From) && now.Before(b.To) })
}
