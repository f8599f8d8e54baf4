package calendar

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

const newYork = "America/New_York"

// The calendars that are no exchange's.
const (
	// Crypto trades at all hours of every day, dated by UTC.
	Crypto = "CRYPTO"
	// Currencies trade from Sunday 17:00 New York to Friday 17:00 New York, dated and counted by London's midnight. What trades on
	// Sunday evening belongs to Monday, whose bars are counted from a day before its midnight: they keep to the grid of other days.
	Currencies = "FX"
	// Unknown is of what no exchange is known: every weekday counts as possible, in UTC, until a listing tells the zone.
	Unknown = "UNKNOWN"
	// Listed is of what a listing tells the zone alone (InferredIn).
	Listed = "LISTED"
	// UnknownFuture is of a future without a known group: the hours of Globex, without its holidays.
	UnknownFuture = "UNKNOWN_FUTURE"
)

// Of is the calendar of an exchange by its ISO 10383 code ("XNYS", "XLON"), of a group of futures ("CME_EQUITY",
// "NYMEX_ENERGY"), or one of the constants above. Exchanges whose zone and week alone are known ("XDUB") give an inferred
// calendar. The error names what is not known at all.
func Of(name string) (*Calendar, error) {
	c := &Calendar{Name: name}
	c.version = sync.OnceValue(c.name)
	zone := "UTC"
	switch {
	case name == Crypto:
		c.facts = plain("1111111", 0, day)
	case name == Currencies:
		zone, c.facts = "Europe/London", plain("1111100", 0, day)
		c.facts().periods[0].week[time.Monday] = &hours{open: -day, close: day} // Calendar.begin
		var err error
		if c.week, err = time.LoadLocation(newYork); err != nil {
			return nil, fmt.Errorf("hours of %s: %w", name, err)
		}
	case name == UnknownFuture:
		zone, c.Inferred, c.facts = newYork, true, plain("1111100", -6*time.Hour, 17*time.Hour)
	case name == Unknown:
		c.Inferred, c.facts = true, plain("1111100", 0, day)
	case inferred()[name] != "":
		known, mask, _ := strings.Cut(inferred()[name], " ")
		zone, c.Inferred, c.facts = known, true, plain(mask, 0, day)
	default:
		text, ok := textOf(name)
		if !ok {
			return nil, fmt.Errorf("no hours are known of the exchange %q", name)
		}
		zone, c.outside, c.text = zoneOf(text), rule(name), text
		c.facts = sync.OnceValue(func() *table {
			t, err := parse(text)
			if err != nil {
				panic(fmt.Sprintf("table of the exchange %s: %v", name, err)) // the tests read every table
			}
			return t
		})
	}
	var err error
	if c.Zone, err = time.LoadLocation(zone); err != nil {
		return nil, fmt.Errorf("hours of the exchange %s: %w", name, err)
	}
	return c, nil
}

// InferredIn is the calendar of something of which a listing tells the zone alone: every weekday counts as possible, and nothing
// is ever late.
func InferredIn(zone *time.Location) *Calendar {
	c := &Calendar{Name: Listed, Zone: zone, Inferred: true, facts: plain("1111100", 0, day)}
	c.version = sync.OnceValue(c.name)
	return c
}

// Names lists the exchanges and groups of futures whose hours and holidays are known, in order.
func Names() []string {
	files, err := tables.ReadDir("tables")
	if err != nil {
		return nil // the folder is compiled in
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".txt"))
	}
	slices.Sort(names)
	return names
}

// always is the span of all dates.
func always() span { return span{math.MinInt32, math.MaxInt32} }

// plain is a table with the same hours on the days of a mask, Monday first, and no holidays.
func plain(mask string, open, shut time.Duration) func() *table {
	p := period{from: math.MinInt32}
	for i := range mask {
		if mask[i] == '1' {
			p.week[(i+1)%7] = &hours{open: open, close: shut}
		}
	}
	t := &table{periods: []period{p}, known: always()}
	return func() *table { return t }
}

// inferred are exchanges of which the zone and the days of the week are known, and neither hours nor holidays.
func inferred() map[string]string {
	return map[string]string{
		"XDUB": "Europe/Dublin 1111100", "XATH": "Europe/Athens 1111100", "XPRA": "Europe/Prague 1111100",
		"XBUD": "Europe/Budapest 1111100", "XICE": "Atlantic/Reykjavik 1111100", "XPHS": "Asia/Manila 1111100",
		"XCAI": "Africa/Cairo 1111001", "XQAT": "Asia/Qatar 1111001", "XKUW": "Asia/Kuwait 1111001",
		"XTAL": "Europe/Tallinn 1111100", "XRIS": "Europe/Riga 1111100", "XLIT": "Europe/Vilnius 1111100",
		"XCAR": "America/Caracas 1111100", "XSTC": "Asia/Ho_Chi_Minh 1111100", "XCOL": "Asia/Colombo 1111100",
		"XDFM": "Asia/Dubai 1111101", "XBSE": "Europe/Bucharest 1111100", "XBOG": "America/Bogota 1111100",
		"MISX": "Europe/Moscow 1111111",
	}
}

// rule is what holds of an exchange on dates that its table does not cover; nil for all but the American ones.
func rule(name string) func(Date) variation {
	switch name {
	case "XNYS":
		return usEquities
	case "CME_EQUITY", "CME_FX", "CBOT_RATES":
		return cmeIndex
	case "NYMEX_ENERGY", "COMEX_METALS":
		return cmeMetal
	case "CBOT_GRAINS", "CME_LIVESTOCK", "CFE_VX", "ICE_CC", "ICE_CT", "ICE_DX", "ICE_KC", "ICE_OJ", "ICE_SB":
		return pitHours
	default:
		return nil
	}
}
