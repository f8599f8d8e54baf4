package market

import (
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
)

// zoneStep is what the offsets of zones are multiples of, in seconds, since clocks go by zones.
const zoneStep = 900

// fallbackZone is where releases before the calendars of all exchanges read the date of a daily row whose answer named no zone.
const fallbackZone = "America/New_York"

// Rekey gives daily bars the keys that they have by a calendar, at 00:00 of its zone. Version names the calendar by which they
// were stored (calendar.Calendar.Version); empty for the releases that noted none. Away are the starts that no bar has any more,
// and rekeyed are all bars under their keys; both in order. Of two bars of a date the one that had the right key holds. A bar
// that starts when no zone has a midnight stays: no release keyed it.
func Rekey(bars *Candles, version string, c *calendar.Calendar, now time.Time) (away []int64, rekeyed *Candles) {
	old := zoneOfVersion(version)
	moved := NewCandles(bars.Len())
	kept := NewCandles(bars.Len())
	for k, ts := range bars.TS {
		if ts%zoneStep != 0 {
			kept.Append(bars.At(k))
			continue
		}
		date, guessed := dateStored(time.Unix(ts, 0), old, c)
		start := c.Midnight(date)
		if guessed && k == bars.Len()-1 && D1.End(c, start).After(now) {
			start = D1.Previous(c, start) // a live row, which bore the time of the last trade and not that of the open
		}
		bar := bars.At(k)
		if start.Unix() == ts {
			kept.Append(bar)
			continue
		}
		away, bar.Start = append(away, ts), start
		moved.Append(bar)
	}
	for k := range kept.TS {
		moved.Append(kept.At(k))
	}
	rekeyed = moved.distinct() // of two the last one: one that was kept
	return slices.DeleteFunc(away, func(ts int64) bool {
		_, found := slices.BinarySearch(rekeyed.TS, ts)
		return found
	}), rekeyed
}

// zoneOfVersion is the zone that a version names; nil when it names none.
func zoneOfVersion(version string) *time.Location {
	if fields := strings.Fields(version); len(fields) == 3 {
		if zone, err := zoneOf(fields[1]); err == nil {
			return zone
		}
	}
	return nil
}

// dateStored is the trading date of a daily bar that is stored under a key of the zone old; nil when that is not known. It is
// guessed where the key is one of another zone than the calendar's, and nobody noted which.
func dateStored(key time.Time, old *time.Location, c *calendar.Calendar) (date calendar.Date, guessed bool) {
	isMidnight := func(zone *time.Location) bool {
		return calendar.DateOf(key.In(zone)).At(zone, 0).Equal(key)
	}
	if old != nil && isMidnight(old) {
		return calendar.DateOf(key.In(old)), false
	}
	if isMidnight(c.Zone) {
		return calendar.DateOf(key.In(c.Zone)), false
	}
	fallback, err := time.LoadLocation(fallbackZone)
	if old == nil && err == nil && isMidnight(fallback) {
		// The date is that of the row's stamp, read in New York. Asia opens on the evening before there.
		date := calendar.DateOf(key.In(fallback))
		for _, d := range []calendar.Date{date.AddDays(1), date} {
			if stamp, ok := stampOf(c, d); ok && calendar.DateOf(stamp.In(fallback)) == date {
				return d, true
			}
		}
		return date, true
	}
	return calendar.DateOf(key.Add(12 * time.Hour).In(c.Zone)), true // the nearest midnight
}

// stampOf is what the provider puts on the daily row of a date: the open, or midnight where that is on an evening before.
func stampOf(c *calendar.Calendar, d calendar.Date) (time.Time, bool) {
	open, _, ok := c.Hours(d)
	if midnight := c.Midnight(d); open.Before(midnight) {
		open = midnight
	}
	return open, ok
}
