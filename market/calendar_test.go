package market_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// names are instruments that between them have every kind of session: overnight, with a pause, by day, at all hours.
func names() []string {
	return []string{"ES", "GC", "ZC", "HE", "DX", "KC", "AAPL", "BTC-USD", "EURUSD=X", "OCDO.L", "^N225", "ALL.AX"}
}

func TestEveryListedInstrumentHasSessions(t *testing.T) {
	t.Parallel()
	week := market.Window{From: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)}
	for _, name := range append(market.Roots(), names()...) {
		cal := resolve(t, name).Calendar
		all := cal.Sessions(week)
		if len(all) < 5 {
			t.Errorf("%s on %s has %d sessions in an ordinary week", name, cal.Name, len(all))
		}
		for i, s := range all {
			if !s.Open.Before(s.Close) || s.Close.Sub(s.Open) > 24*time.Hour || s.Short || s.Joined {
				t.Errorf("%s: session %+v", name, s)
			}
			if i > 0 && s.Open.Before(all[i-1].Close) {
				t.Errorf("%s: session of %s opens before the one of %s closes", name, s.Date, all[i-1].Date)
			}
		}
	}
}

// Globex opens at 18:00 New York, which is 23:00 UTC in winter and 22:00 in summer; both days of a change are covered.
func TestOvernightOpenOverClockChanges(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	for _, tt := range []struct {
		date       market.Date
		open, shut string
	}{
		{market.Date{Year: 2026, Month: 3, Day: 6}, "2026-03-05 23:00", "2026-03-06 22:00"},
		{market.Date{Year: 2026, Month: 3, Day: 9}, "2026-03-08 22:00", "2026-03-09 21:00"}, // clocks changed that Sunday
		{market.Date{Year: 2026, Month: 10, Day: 30}, "2026-10-29 22:00", "2026-10-30 21:00"},
		{market.Date{Year: 2026, Month: 11, Day: 2}, "2026-11-01 23:00", "2026-11-02 22:00"},
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

func TestDateAndAnchor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, at, date, anchor string }{
		{"ES", "2026-03-05 17:59", "2026-03-05", "2026-03-04 18:00"},
		{"ES", "2026-03-05 18:00", "2026-03-06", "2026-03-05 18:00"},
		{"ES", "2026-03-06 17:30", "2026-03-06", "2026-03-05 18:00"}, // Friday after the close
		{"ES", "2026-03-07 12:00", "2026-03-06", "2026-03-05 18:00"}, // Saturday
		{"ES", "2026-03-08 17:59", "2026-03-06", "2026-03-05 18:00"}, // Sunday before the open
		{"ES", "2026-03-08 18:00", "2026-03-09", "2026-03-08 18:00"},
		{"ES", "2026-12-25 10:00", "2026-12-25", "2026-12-24 18:00"}, // holidays do not move dates
		{"AAPL", "2026-03-09 09:29", "2026-03-06", "2026-03-06 09:30"},
		{"AAPL", "2026-03-09 09:30", "2026-03-09", "2026-03-09 09:30"},
		{"ZC", "2026-03-09 09:00", "2026-03-09", "2026-03-08 20:00"},
		{"CT", "2026-03-09 21:00", "2026-03-10", "2026-03-09 21:00"},
		{"BTC-USD", "2026-03-08 02:30", "2026-03-08", "2026-03-08 00:00"},
		{"EURUSD=X", "2026-03-29 22:00", "2026-03-27", "2026-03-27 00:00"},
	} {
		cal := resolve(t, tt.name).Calendar
		now := at(t, cal.Zone, tt.at)
		if got := cal.Date(now).String(); got != tt.date {
			t.Errorf("%s at %s belongs to %s, want %s", tt.name, tt.at, got, tt.date)
		}
		if got := cal.Anchor(now); !got.Equal(at(t, cal.Zone, tt.anchor)) {
			t.Errorf("%s at %s is anchored at %v, want %s", tt.name, tt.at, got, tt.anchor)
		}
	}
}

func TestIsOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, at string
		open     bool
	}{
		{"ES", "2026-03-06 16:59", true},
		{"ES", "2026-03-06 17:00", false},
		{"ES", "2026-03-05 18:00", true},
		{"ES", "2026-03-07 12:00", false},
		{"ES", "2026-11-27 13:14", true}, // the day after Thanksgiving
		{"ES", "2026-11-27 13:15", false},
		{"ES", "2026-12-25 10:00", false},
		{"ZC", "2026-03-09 08:44", true},
		{"ZC", "2026-03-09 08:45", false}, // the pause of the grains
		{"ZC", "2026-03-09 09:29", false},
		{"ZC", "2026-03-09 09:30", true},
		{"ZC", "2026-03-09 14:20", false},
		{"AAPL", "2026-03-09 09:29", false},
		{"AAPL", "2026-03-09 15:59", true},
		{"BTC-USD", "2026-03-08 03:00", true},
		{"BTC-USD", "2026-12-25 23:59", true},
	} {
		cal := resolve(t, tt.name).Calendar
		if got := cal.IsOpen(at(t, cal.Zone, tt.at)); got != tt.open {
			t.Errorf("%s open at %s: %t", tt.name, tt.at, got)
		}
	}
}

func TestLastClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, at, date string }{
		{"ES", "2026-03-06 16:59", "2026-03-05"},
		{"ES", "2026-03-06 17:00", "2026-03-06"}, // a close counts at once
		{"ES", "2026-03-08 20:00", "2026-03-06"},
		{"ES", "2026-11-27 13:15", "2026-11-27"},
		{"AAPL", "2026-11-26 18:00", "2026-11-25"}, // Thanksgiving
		{"AAPL", "2026-03-09 09:00", "2026-03-06"},
		{"BTC-USD", "2026-03-08 00:00", "2026-03-07"},
	} {
		cal := resolve(t, tt.name).Calendar
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
		{"ES", "2026-03-10 12:00", 0, "2026-03-09 18:00"},
		{"ES", "2026-03-10 12:00", 1, "2026-03-08 18:00"},
		{"ES", "2026-03-10 12:00", 2, "2026-03-05 18:00"}, // over the weekend and the clock change
		{"ES", "2026-03-07 12:00", 0, "2026-03-05 18:00"},
		{"ES", "2026-12-28 12:00", 1, "2026-12-23 18:00"}, // over Christmas
		{"AAPL", "2026-11-27 10:00", 1, "2026-11-25 09:30"},
		{"AAPL", "2026-03-10 12:00", 60, "2025-12-10 09:30"},
	} {
		cal := resolve(t, tt.name).Calendar
		if got := cal.Back(at(t, cal.Zone, tt.at), tt.n); !got.Equal(at(t, cal.Zone, tt.want)) {
			t.Errorf("%s %d sessions back from %s: %v, want %s", tt.name, tt.n, tt.at, got.In(cal.Zone), tt.want)
		}
	}
}

func TestSessionsOfAWindow(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
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
		for _, s := range cal.Sessions(market.Window{From: at(t, cal.Zone, tt.from), To: at(t, cal.Zone, tt.to)}) {
			got = append(got, s.Date.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("sessions of %s to %s: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestStartsOfASession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to string
		tf             market.Timeframe
		n              int
		first, last    string
	}{
		{"ES", "2026-03-06 18:00", "2026-03-09 18:00", market.H1, 23, "2026-03-08 18:00", "2026-03-09 16:00"},
		{"ES", "2026-03-07 00:00", "2026-03-08 12:00", market.M1, 0, "", ""},
		{"ES", "2026-11-26 18:00", "2026-11-27 18:00", market.M5, 231, "2026-11-26 18:00", "2026-11-27 13:10"},
		{"AAPL", "2026-03-09 00:00", "2026-03-10 00:00", market.H1, 7, "2026-03-09 09:30", "2026-03-09 15:30"},
		{"AAPL", "2026-11-27 00:00", "2026-11-28 00:00", market.M30, 7, "2026-11-27 09:30", "2026-11-27 12:30"},
		{"ZC", "2026-03-08 18:00", "2026-03-09 18:00", market.M15, 51 + 20, "2026-03-08 20:00", "2026-03-09 14:15"},
		{"ZC", "2026-03-08 18:00", "2026-03-09 18:00", market.H1, 19, "2026-03-08 20:00", "2026-03-09 14:00"},
		{"BTC-USD", "2026-03-08 00:00", "2026-03-09 00:00", market.M5, 288, "2026-03-08 00:00", "2026-03-08 23:55"},
	} {
		cal := resolve(t, tt.name).Calendar
		w := market.Window{From: at(t, cal.Zone, tt.from), To: at(t, cal.Zone, tt.to)}
		bars := expected(cal, w, tt.tf)
		if bars.Len() != tt.n {
			t.Errorf("%s %s from %s to %s: %d bars, want %d", tt.name, tt.tf, tt.from, tt.to, bars.Len(), tt.n)
			continue
		}
		if tt.n == 0 {
			continue
		}
		first, last := bars.At(0).Start.In(cal.Zone), bars.At(tt.n-1).Start.In(cal.Zone)
		if !first.Equal(at(t, cal.Zone, tt.first)) || !last.Equal(at(t, cal.Zone, tt.last)) {
			t.Errorf("%s %s runs from %v to %v", tt.name, tt.tf, first, last)
		}
	}
}

func TestExpectedStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	w := market.Window{From: at(t, cal.Zone, "2026-01-01 00:00"), To: at(t, cal.Zone, "2026-12-31 00:00")}
	for _, tf := range market.Timeframes() {
		n := 0
		cal.Expected(w, tf, func(time.Time) bool {
			n++
			return n < 3
		})
		if n != 3 {
			t.Errorf("%s: yielded %d times", tf, n)
		}
	}
}

// draw makes an instant between 2015 and 2030, often near midnight UTC or a clock change.
func draw(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1420070400, 1893456000).Draw(t, "unix"), 0).UTC()
}

// Every instant belongs to exactly one trading date, whose open is its anchor; sessions contain what belongs to them.
func TestTradingDatesPartitionTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		now := draw(t)
		d, anchor := cal.Date(now), cal.Anchor(now)
		if anchor.After(now) || cal.Date(anchor) != d {
			t.Fatalf("%v belongs to %s, whose anchor %v belongs to %s", now, d, anchor, cal.Date(anchor))
		}
		if s, ok := cal.Session(d); ok && (!s.Open.Equal(anchor) || cal.Date(s.Close.Add(-time.Second)) != d) {
			t.Fatalf("session %+v of %v", s, now)
		}
		later := now.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "seconds")) * time.Second)
		if cal.Date(later).Before(d) {
			t.Fatalf("%v belongs to %s, but the later %v to %s", now, d, later, cal.Date(later))
		}
		if cal.IsOpen(now) != (len(cal.Sessions(market.Window{From: now, To: now.Add(1)})) == 1 && !paused(cal, now)) {
			t.Fatalf("IsOpen(%v) = %t", now, cal.IsOpen(now))
		}
	})
}

func paused(cal *market.Calendar, now time.Time) bool {
	s, _ := cal.Session(cal.Date(now))
	return slices.ContainsFunc(s.Pauses, func(w market.Window) bool { return w.Contains(now) })
}
