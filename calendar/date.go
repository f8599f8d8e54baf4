package calendar

import "time"

// Date is a date without a zone, such as a trading date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the date that t has in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// At is the instant of the wall-clock offset from this date's midnight in the zone: At(zone, 18*time.Hour) is 18:00 there,
// also on days whose clocks change. The offset may be negative (the evening before) or beyond a day.
func (d Date) At(zone *time.Location, offset time.Duration) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, int(offset/time.Second), 0, zone)
}

// AddDays is the date n days later.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// Before tells whether d is earlier than other.
func (d Date) Before(other Date) bool {
	if d.Year != other.Year {
		return d.Year < other.Year
	}
	if d.Month != other.Month {
		return d.Month < other.Month
	}
	return d.Day < other.Day
}

// String is the ISO 8601 form, 2026-11-22.
func (d Date) String() string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
