package calendar

import "time"

// The rules of this file hold where no table reaches: before an exchange's first known date and after its last one.

// usHoliday is what US exchanges as a whole observe on a date.
type usHoliday int

const (
	ordinary   usHoliday = iota
	fullClose            // New Year, Good Friday, Christmas: all exchanges are closed
	jobsFriday           // a Good Friday on which the jobs report comes out: index futures trade until 09:15
	haltDay              // Monday holidays, Juneteenth, 4 July, Thanksgiving: equities closed, futures halt early
	eveDay               // 3 July, the day after Thanksgiving, Christmas Eve: a half day
)

// usHolidayOn names the holiday of a weekday by the exchanges' rules as they stand since 2022; one-off closures are in the
// tables.
func usHolidayOn(d Date) usHoliday {
	y := d.Year
	newYear := Date{y, time.January, 1}
	if newYear.Weekday() == time.Sunday {
		newYear = newYear.AddDays(1)
	}
	christmas, independence := Date{y, time.December, 25}.observed(), Date{y, time.July, 4}.observed()
	thanksgiving := nth(4, time.Thursday, time.November, y)
	goodFriday := easter(y).AddDays(-2)
	if d == goodFriday && d.Month == time.April && d.Day <= 7 {
		return jobsFriday // the report comes out on the first Friday of a month: 2012, 2015, 2021, 2023, 2026
	}
	switch d {
	case newYear, goodFriday, christmas:
		return fullClose
	case nth(3, time.Monday, time.January, y), nth(3, time.Monday, time.February, y), nth(-1, time.Monday, time.May, y),
		independence, nth(1, time.Monday, time.September, y), thanksgiving:
		return haltDay
	case Date{y, time.July, 3}, thanksgiving.AddDays(1), Date{y, time.December, 24}:
		return eveDay
	}
	if y >= 2022 && d == (Date{y, time.June, 19}).observed() {
		return haltDay
	}
	return ordinary
}

// closedOn and shortOn are what the rules below answer with.
func closedOn() variation { return variation{kind: Closed} }

func shortOn(shut time.Duration, joined bool) variation {
	return variation{kind: Early, joined: joined, hours: hours{close: shut}}
}

// usEquities: NYSE and Nasdaq, 13:00 on half days.
func usEquities(d Date) variation {
	switch usHolidayOn(d) {
	case ordinary:
		return variation{}
	case eveDay:
		return shortOn(13*time.Hour, false)
	default:
		return closedOn()
	}
}

// cmeIndex: equity index, currency and rate futures of CME and CBOT on Globex.
func cmeIndex(d Date) variation {
	switch usHolidayOn(d) {
	case fullClose:
		return closedOn()
	case jobsFriday:
		return shortOn(9*time.Hour+15*time.Minute, true)
	case haltDay:
		return shortOn(13*time.Hour, true)
	case eveDay:
		return shortOn(13*time.Hour+15*time.Minute, false)
	default:
		return variation{}
	}
}

// cmeMetal: energy and metal futures of NYMEX and COMEX.
func cmeMetal(d Date) variation {
	switch usHolidayOn(d) {
	case fullClose, jobsFriday:
		return closedOn()
	case haltDay:
		return shortOn(14*time.Hour+30*time.Minute, true)
	case eveDay:
		return shortOn(13*time.Hour+45*time.Minute, false)
	default:
		return variation{}
	}
}

// pitHours: grains, livestock and softs, which close with the equities and shorten the half days.
func pitHours(d Date) variation {
	switch usHolidayOn(d) {
	case fullClose, jobsFriday, haltDay:
		return closedOn()
	case eveDay:
		return shortOn(13*time.Hour+5*time.Minute, false)
	default:
		return variation{}
	}
}
