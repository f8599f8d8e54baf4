package market

import "time"

// Date is a calendar date without a zone, such as a trading date.
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

// observed moves a holiday that falls on a weekend to the weekday it is observed on: Saturday to Friday, Sunday to Monday.
func (d Date) observed() Date {
	switch d.Weekday() {
	case time.Saturday:
		return d.AddDays(-1)
	case time.Sunday:
		return d.AddDays(1)
	default:
		return d
	}
}

// nth is the n-th such weekday of a month, counted from its end when n is negative.
func nth(n int, weekday time.Weekday, month time.Month, year int) Date {
	if n < 0 {
		last := DateOf(time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC))
		back := (int(last.Weekday()) - int(weekday) + 7) % 7
		return last.AddDays(-back + (n+1)*7)
	}
	first := Date{year, month, 1}
	forward := (int(weekday) - int(first.Weekday()) + 7) % 7
	return first.AddDays(forward + (n-1)*7)
}

// easter is Easter Sunday of the Gregorian calendar (the anonymous algorithm of Nature, 1876, as Meeus prints it).
func easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month := (h + l - 7*m + 114) / 31
	return Date{year, time.Month(month), (h+l-7*m+114)%31 + 1}
}
