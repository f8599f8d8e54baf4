package calendar

import "time"

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
