package calendar

import "time"

// usHoliday is what US exchanges as a whole observe on a date.
type usHoliday int

const (
	ordinary   usHoliday = iota
	fullClose            // New Year, Good Friday, Christmas: all exchanges are closed
	jobsFriday           // a Good Friday on which the jobs report comes out: index futures trade until 09:15
	haltDay              // Monday holidays, Juneteenth, 4 July, Thanksgiving: equities closed, futures halt early
	eveDay               // 3 July, the day after Thanksgiving, Christmas Eve: a half day
	mourning             // a national day of mourning: equities closed, index futures stop at 09:30
	stormClose           // Sandy, 2012: equities closed, index futures stopped at 09:15 and did not open again
)

// usHolidayOn names the holiday of a weekday by the exchanges' rules as they stand since 2022; one-off closures are listed.
func usHolidayOn(d Date) usHoliday {
	switch d {
	case Date{2018, time.December, 5}, Date{2025, time.January, 9}:
		return mourning
	case Date{2012, time.October, 29}, Date{2012, time.October, 30}:
		return stormClose
	}
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

// usEquities: NYSE and Nasdaq, 13:00 on half days.
func usEquities(d Date) holiday {
	switch usHolidayOn(d) {
	case ordinary:
		return holiday{}
	case eveDay:
		return holiday{early: 13 * time.Hour}
	default:
		return holiday{closed: true}
	}
}

// cmeIndex: equity index, currency and rate futures of CME and CBOT on Globex.
func cmeIndex(d Date) holiday {
	switch usHolidayOn(d) {
	case fullClose:
		return holiday{closed: true}
	case jobsFriday:
		return holiday{early: 9*time.Hour + 15*time.Minute, settledNext: true}
	case haltDay:
		return holiday{early: 13 * time.Hour, settledNext: true}
	case eveDay:
		return holiday{early: 13*time.Hour + 15*time.Minute}
	case mourning:
		return holiday{early: 9*time.Hour + 30*time.Minute}
	case stormClose:
		return holiday{early: 9*time.Hour + 15*time.Minute, settledNext: true}
	default:
		return holiday{}
	}
}

// cmeMetal: energy and metal futures of NYMEX and COMEX.
func cmeMetal(d Date) holiday {
	switch usHolidayOn(d) {
	case fullClose, jobsFriday:
		return holiday{closed: true}
	case haltDay:
		return holiday{early: 13 * time.Hour, settledNext: true}
	case eveDay:
		return holiday{early: 13*time.Hour + 45*time.Minute}
	default:
		return holiday{}
	}
}

// pitHours: grains, livestock and softs, which close with the equities and shorten the half days.
func pitHours(d Date) holiday {
	switch usHolidayOn(d) {
	case fullClose, jobsFriday, haltDay:
		return holiday{closed: true}
	case eveDay:
		return holiday{early: 13*time.Hour + 5*time.Minute}
	default:
		return holiday{}
	}
}
