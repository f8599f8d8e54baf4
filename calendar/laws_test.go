package calendar_test

import (
	"testing"
	"time"

	"barkeep/calendar"
)

// everyone is every calendar there is, with one of each kind of those that are no exchange's.
func everyone() []string {
	return append(calendar.Names(), calendar.Crypto, calendar.Currencies, calendar.Unknown, calendar.UnknownFuture, "XCAI", "XDUB")
}

// On every date of thirty years of every calendar: sessions rise and never overlap, their breaks lie inside and rise, all that
// they hold belongs to their own date, and their anchor is where that date begins: the open itself, but for currencies.
func TestSessionsRiseAndKeepToTheirDates(t *testing.T) {
	t.Parallel()
	for _, name := range everyone() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := of(t, name)
			var before calendar.Session
			for d := (calendar.Date{Year: 2000, Month: 1, Day: 1}); d.Year < 2030; d = d.AddDays(1) {
				s, ok := c.Session(d)
				if !ok {
					continue
				}
				if s.Date != d || s.Anchor.After(s.Open) || !s.Open.Before(s.Close) || s.Anchor.Before(before.Close) {
					t.Fatalf("session %+v after %+v", s, before)
				}
				if !s.Anchor.Equal(s.Open) && name != calendar.Currencies {
					t.Fatalf("the bars of %s are counted from %v, and it opens %v", d, s.Anchor, s.Open)
				}
				last := s.Open
				for _, b := range s.Breaks {
					if !last.Before(b.From) || !b.From.Before(b.To) || !b.To.Before(s.Close) {
						t.Fatalf("breaks of %+v", s)
					}
					last = b.To
				}
				for _, at := range []time.Time{s.Anchor, s.Open, s.Close.Add(-1)} {
					if got := c.TradingDate(at); got != d || !c.Open(at).Equal(s.Anchor) || c.NextOpen(at).Before(s.Close) {
						t.Fatalf("%v of the session of %s belongs to %s, which opens %v; the next one %v", at, d, got, c.Open(at), c.NextOpen(at))
					}
				}
				if s.Kind == calendar.Early && !s.Short || s.Kind == calendar.Special && s.Short {
					t.Fatalf("a session that closes early is short, and one with hours of its own is not: %+v", s)
				}
				before = s
			}
		})
	}
}

// The Sunday evening of futures and of currencies belongs to Monday, on the dates of clock changes as well.
func TestSundayEveningsBelongToMonday(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"CME_EQUITY", "CME_FX", "CBOT_RATES", "CBOT_GRAINS", "NYMEX_ENERGY", "COMEX_METALS", "ICE_DX", "ICE_CT", calendar.Currencies,
		calendar.UnknownFuture,
	} {
		c, evenings := of(t, name), 0
		for d := (calendar.Date{Year: 2010, Month: 1, Day: 3}); d.Year < 2027; d = d.AddDays(7) {
			evening := d.At(c.Zone, 23*time.Hour)
			if c.IsOpen(evening) {
				evenings++
				if got := c.TradingDate(evening); got != d.AddDays(1) || c.IsOpen(d.At(c.Zone, 12*time.Hour)) {
					t.Errorf("%s: the evening of Sunday %s belongs to %s", name, d, got)
				}
			}
		}
		if evenings < 400 {
			t.Errorf("%s trades on %d Sunday evenings", name, evenings)
		}
	}
}

// Of an inferred calendar nothing is certain; it knows the zone and the days of the week.
func TestInferredCalendars(t *testing.T) {
	t.Parallel()
	cairo := of(t, "XCAI")
	for _, tt := range []struct {
		c      *calendar.Calendar
		zone   string
		sunday bool
	}{
		{of(t, calendar.Unknown), "UTC", false},
		{of(t, calendar.UnknownFuture), "America/New_York", false},
		{cairo, "Africa/Cairo", true},
		{calendar.InferredIn(cairo.Zone), "Africa/Cairo", false},
	} {
		d := calendar.Date{Year: 2026, Month: 11, Day: 22} // a Sunday
		if _, ok := tt.c.Session(d); ok != tt.sunday || !tt.c.Inferred || tt.c.Zone.String() != tt.zone {
			t.Errorf("%s in %s: inferred %t, open on Sunday %t", tt.c.Name, tt.c.Zone, tt.c.Inferred, ok)
		}
		christmas := calendar.Date{Year: 2026, Month: 12, Day: 24}
		if _, ok := tt.c.Session(christmas); !ok || tt.c.Certain(christmas) {
			t.Errorf("%s: Thursdays are possible and never certain", tt.c.Name)
		}
		if _, _, ok := tt.c.Known(); ok {
			t.Errorf("%s knows no holidays", tt.c.Name)
		}
	}
	for _, name := range append(calendar.Names(), calendar.Crypto, calendar.Currencies) {
		if of(t, name).Inferred {
			t.Errorf("%s is inferred", name)
		}
	}
}

// Beyond its table an American calendar goes on by rule, and knows that nothing there is certain.
func TestBeyondTheTable(t *testing.T) {
	t.Parallel()
	christmas, announced := calendar.Date{Year: 2029, Month: 12, Day: 25}, calendar.Date{Year: 2027, Month: 2, Day: 3}
	if of(t, "CME_EQUITY").Certain(announced) || !of(t, "XLON").Certain(announced) {
		t.Errorf("London has published 2027 and no exchange of futures has: certain %t", of(t, "XLON").Certain(announced))
	}
	for _, name := range calendar.Names() {
		c := of(t, name)
		_, open := c.Session(christmas)
		american := name == "XNYS" || len(name) > 4
		if open == american || c.Certain(christmas) {
			t.Errorf("%s on %s: open %t, certain %t", name, christmas, open, c.Certain(christmas))
		}
	}
}

// The midnight of a date lies in that date, in every zone: also where clocks go forward at midnight, as in Cairo, Santiago or Sao
// Paulo.
func TestMidnightLiesInItsDate(t *testing.T) {
	t.Parallel()
	for _, name := range everyone() {
		c := of(t, name)
		for d := (calendar.Date{Year: 2000, Month: 1, Day: 1}); d.Year < 2030; d = d.AddDays(1) {
			if got := calendar.DateOf(c.Midnight(d).In(c.Zone)); got != d {
				t.Errorf("%s: the midnight of %s lies in %s", name, d, got)
			}
		}
	}
}
