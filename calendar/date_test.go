package calendar_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
)

// of is the calendar of an exchange that must be known.
func of(t rapid.TB, name string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at reads a wall-clock time of a zone, "2026-03-09 18:00".
func at(t rapid.TB, zone *time.Location, text string) time.Time {
	t.Helper()
	parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestDate(t *testing.T) {
	t.Parallel()
	zone := of(t, "CME_EQUITY").Zone
	d := calendar.Date{Year: 2026, Month: time.March, Day: 8} // clocks go forward at 02:00
	if got := d.At(zone, 18*time.Hour); got.Format(time.RFC3339) != "2026-03-08T18:00:00-04:00" {
		t.Errorf("18:00 is %v", got)
	}
	if got := d.At(zone, -6*time.Hour); got.Format(time.RFC3339) != "2026-03-07T18:00:00-05:00" {
		t.Errorf("18:00 of the evening before is %v", got)
	}
	if d.String() != "2026-03-08" || d.Weekday() != time.Sunday || d.AddDays(-8).String() != "2026-02-28" {
		t.Errorf("%s is a %s, eight days after %s", d, d.Weekday(), d.AddDays(-8))
	}
	rapid.Check(t, func(t *rapid.T) {
		d := calendar.DateOf(draw(t, of(t, calendar.Crypto)))
		n := rapid.IntRange(-4000, 4000).Draw(t, "days")
		if moved := d.AddDays(n); moved.AddDays(-n) != d || moved.Before(d) != (n < 0) || d.Before(moved) != (n > 0) {
			t.Fatalf("%s and %d days is %s", d, n, moved)
		}
		if (int(d.AddDays(n).Weekday())-int(d.Weekday())-n)%7 != 0 || calendar.DateOf(d.At(zone, 0)) != d {
			t.Fatalf("%s is a %s", d, d.Weekday())
		}
	})
}

func TestUnknownExchangeIsAnError(t *testing.T) {
	t.Parallel()
	if c, err := calendar.Of("NOWHERE"); err == nil || !strings.Contains(err.Error(), `"NOWHERE"`) || c != nil {
		t.Errorf("Of(NOWHERE) = %v, %v", c, err)
	}
}
