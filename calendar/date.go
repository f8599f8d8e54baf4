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
// also on days whose clocks change. The offset may be negative (the evening before) or beyond a day. A midnight that the clocks
// skip, as in Santiago, is the first instant of its date.
func (d Date) At(zone *time.Location, offset time.Duration) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, int(offset/time.Second), 0, zone)
	if offset%day == 0 && t.Hour() > 12 {
		_, t = t.ZoneBounds()
	}
	return t
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

// number is the date in days since 1970 (the algorithm days_from_civil of Howard Hinnant's chrono-compatible date algorithms).
func (d Date) number() int {
	y, m := d.Year, int(d.Month)
	if m <= 2 {
		y, m = y-1, m+12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	year := y - era*400
	return era*146097 + year*365 + year/4 - year/100 + (153*(m-3)+2)/5 + d.Day - 1 - 719468
}

// dateOfNumber is the date that lies n days after 1 January 1970.
func dateOfNumber(n int) Date { return DateOf(time.Unix(int64(n)*86400, 0).UTC()) }

// weekday is the day of the week of a date in days since 1970, which began on a Thursday.
func weekday(n int) time.Weekday { return time.Weekday(((n+4)%7 + 7) % 7) }
