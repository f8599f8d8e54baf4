package intake

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// stamp is a time as a file has it.
type stamp struct {
	year, month, day  int
	hour, minute, sec int
	clock             bool  // it has a time of day
	zoned             bool  // it has an offset, or is an instant
	offset            int   // seconds east of UTC
	unix              bool  // it is a number of seconds since 1970
	at                int64 // those
}

// errOrder tells that a date does not begin with its year.
var errOrder = errors.New("which is the day, and which the month? --time-format says it: dd/MM/yyyy HH:mm, or MM/dd/yyyy HH:mm")

// noTime is the error of a text that is no time.
func noTime(text []byte) error {
	return fmt.Errorf("%q is no time: accepted are 2026-08-19 14:05:00, with an offset or Z behind it, 20260819 140500, and "+
		"seconds or milliseconds since 1970; --time-format says any other", excerpt(text))
}

// parseStamp reads a time that begins with its year, or a number of seconds or milliseconds since 1970.
func parseStamp(text []byte) (s stamp, err error) {
	n, ok := digits(text), false
	switch {
	case n == len(text), n > 8 && text[n] == '.' && digits(text[n+1:]) == len(text)-n-1:
		if s, ok = compact(text[:n]); !ok {
			s, ok = unixOf(text[:n])
		}
	case n == 8:
		if s, ok = compact(text[:8]); ok {
			ok = s.rest(text[8:])
		}
	case (n == 1 || n == 2) && strings.IndexByte("/.-", text[n]) >= 0:
		return s, fmt.Errorf("%q: %w", excerpt(text), errOrder)
	case n == 4 && len(text) >= 10 && text[4] == text[7] && strings.IndexByte("-/.", text[4]) >= 0 && digits(text[5:]) == 2 &&
		digits(text[8:]) == 2:
		s.year, s.month, s.day = number(text[:4]), number(text[5:7]), number(text[8:10])
		ok = s.possible() && s.rest(text[10:])
	}
	if !ok {
		return stamp{}, noTime(text)
	}
	return s, nil
}

// rest reads what stands behind a date: nothing, or a time of day, perhaps with an offset.
func (s *stamp) rest(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	if text[0] == 'T' || text[0] == ' ' {
		text = text[1:]
	}
	var n int
	switch n = digits(text); {
	case n >= 4:
		if n != 6 && n != 4 {
			return false
		}
		s.hour, s.minute = number(text[:2]), number(text[2:4])
		if n == 6 {
			s.sec = number(text[4:6])
		}
		text = text[n:]
	case (n == 1 || n == 2) && len(text) >= n+3 && text[n] == ':' && digits(text[n+1:]) == 2:
		s.hour, s.minute = number(text[:n]), number(text[n+1:n+3])
		if text = text[n+3:]; len(text) >= 3 && text[0] == ':' && digits(text[1:]) == 2 {
			s.sec, text = number(text[1:3]), text[3:]
		}
	default:
		return false
	}
	if len(text) > 1 && (text[0] == '.' || text[0] == ',') {
		text = text[1+digits(text[1:]):] // parts of a second: no bar starts there
	}
	s.clock = true
	return s.hour < 24 && s.minute < 60 && s.sec < 60 && s.zone(text)
}

// zone reads an offset.
func (s *stamp) zone(text []byte) bool {
	if len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	switch {
	case len(text) == 0:
		return true
	case string(text) == "Z", string(text) == "UTC", string(text) == "GMT":
		s.zoned = true
		return true
	case text[0] != '+' && text[0] != '-':
		return false
	}
	sign := 1
	if text[0] == '-' {
		sign = -1
	}
	text = text[1:]
	switch n := digits(text); {
	case n == 2 && len(text) == 2:
		s.offset = sign * number(text) * 3600
	case n == 4 && len(text) == 4:
		s.offset = sign * (number(text[:2])*3600 + number(text[2:])*60)
	case n == 2 && len(text) == 5 && text[2] == ':' && digits(text[3:]) == 2:
		s.offset = sign * (number(text[:2])*3600 + number(text[3:])*60)
	default:
		return false
	}
	s.zoned = true
	return s.offset >= -15*3600 && s.offset <= 15*3600
}

// compact reads a date of eight digits, perhaps with the time of day behind it.
func compact(text []byte) (s stamp, ok bool) {
	if n := len(text); n != 8 && n != 12 && n != 14 {
		return s, false
	}
	s.year, s.month, s.day = number(text[:4]), number(text[4:6]), number(text[6:8])
	if s.year < 1900 || s.year > 2200 || !s.possible() {
		return s, false
	}
	return s, s.rest(text[8:])
}

// unixOf reads a number of seconds, or of thousandths, millionths or billionths of one.
func unixOf(text []byte) (s stamp, ok bool) {
	per := int64(1)
	switch n := len(text); {
	case n == 9 || n == 10:
	case n == 12 || n == 13:
		per = 1e3
	case n == 15 || n == 16:
		per = 1e6
	case n == 18 || n == 19:
		per = 1e9
	default:
		return s, false
	}
	at := int64(0)
	for _, b := range text {
		at = at*10 + int64(b-'0')
	}
	return stamp{clock: true, zoned: true, unix: true, at: at / per}, true
}

// possible tells whether there is such a date.
func (s *stamp) possible() bool {
	return s.year > 0 && s.month >= 1 && s.month <= 12 && s.day >= 1 && s.day <= daysIn(s.year, s.month)
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && (year%4 == 0 && year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	default:
		return 31
	}
}

// seconds are those of the time as written, since 1970, as if its zone were UTC (days_from_civil of Howard Hinnant,
// https://howardhinnant.github.io/date_algorithms.html).
func (s *stamp) seconds() int64 {
	y, m := int64(s.year), int64(s.month)
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + int64(s.day) - 1
	days := era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
	return days*86400 + int64(s.hour)*3600 + int64(s.minute)*60 + int64(s.sec)
}

// digits is how many digits a text begins with.
func digits(text []byte) int {
	for i, b := range text {
		if b < '0' || b > '9' {
			return i
		}
	}
	return len(text)
}

// number is the value of digits.
func number(text []byte) (n int) {
	for _, b := range text {
		n = n*10 + int(b-'0')
	}
	return n
}

// formatOf makes Go's layout of a format such as dd/MM/yyyy HH:mm.
func formatOf(text string) (string, error) {
	layout := strings.NewReplacer(
		"yyyy", "2006", "MMM", "Jan", "MM", "01", "dd", "02", "HH", "15", "hh", "03", "mm", "04", "ss", "05", "SSS", "000", "tt", "PM",
		"yy", "06", "zzz", "-07:00",
	).Replace(text)
	rest := strings.NewReplacer("Jan", "", "PM", "").Replace(layout) // no letter of a format is left
	if !strings.Contains(layout, "06") || !strings.Contains(layout, "02") || strings.ContainsAny(rest, "yMdHhmst") {
		return "", fmt.Errorf("%q is no format of times: accepted are dd/MM/yyyy HH:mm and the like, of yyyy, MM, dd, HH, mm, ss, "+
			"and with the twelve hours hh and tt; zzz is an offset", text)
	}
	return layout, nil
}

// parseAs reads a time in one of Go's layouts.
func parseAs(layout string, text []byte) (s stamp, err error) {
	at, err := time.Parse(layout, string(text))
	if err != nil {
		return s, fmt.Errorf("%q is no time of the form that --time-format says", excerpt(text))
	}
	s.year, s.month, s.day = at.Year(), int(at.Month()), at.Day()
	s.hour, s.minute, s.sec = at.Clock()
	s.clock = strings.Contains(layout, "04")
	if strings.Contains(layout, "-07") {
		s.zoned = true
		_, s.offset = at.Zone()
	}
	return s, nil
}
