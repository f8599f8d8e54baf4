package calendar

import (
	"fmt"
	"time"
)

// day is the length of a day whose clocks do not change.
const day = 24 * time.Hour

// hours is a row of the table of exchanges: the usual session of a trading date, as offsets from its midnight.
type hours struct {
	zone     string
	open     time.Duration // negative for the evening before
	close    time.Duration
	breaks   [][2]time.Duration
	everyDay bool // trades at weekends too
	holidays func(Date) holiday
}

// clock reads "18:00" as an offset from midnight; "-18:00" is 18:00 of the evening before.
func clock(text string) time.Duration {
	evening := text[0] == '-'
	if evening {
		text = text[1:]
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		panic(err) // a wrong row of the table below, which the tests find
	}
	offset := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	if evening {
		return offset - day
	}
	return offset
}

const newYork = "America/New_York"

// exchanges is the table of hours, in the zone of each exchange; those of CME are kept in New York time.
func exchanges() map[string]hours {
	between := func(zone, open, shut string) hours {
		return hours{zone: zone, open: clock(open), close: clock(shut)}
	}
	us := func(open, shut string, holidays func(Date) holiday) hours {
		return hours{zone: newYork, open: clock(open), close: clock(shut), holidays: holidays}
	}
	grains := us("-20:00", "14:20", pitHours)
	grains.breaks = [][2]time.Duration{{clock("08:45"), clock("09:30")}}
	crypto := hours{zone: "UTC", close: day, everyDay: true}
	return map[string]hours{
		"CME":        us("-18:00", "17:00", cmeIndex),
		"NYMEX":      us("-18:00", "17:00", cmeMetal),
		"GRAINS":     grains,
		"LIVESTOCK":  us("09:30", "14:05", pitHours),
		"ICE":        us("-20:00", "17:00", pitHours),
		"COCOA":      us("04:45", "13:30", pitHours),
		"COFFEE":     us("04:15", "13:30", pitHours),
		"COTTON":     us("-21:00", "14:20", pitHours),
		"SUGAR":      us("03:30", "13:00", pitHours),
		"ORANGE":     us("08:00", "14:00", pitHours),
		"US":         us("09:30", "16:00", usEquities),
		"CRYPTO":     crypto,
		"FX":         between("Europe/London", "00:00", "23:59"),
		"TORONTO":    between("America/Toronto", "09:30", "16:00"),
		"LONDON":     between("Europe/London", "08:00", "16:30"),
		"FRANKFURT":  between("Europe/Berlin", "09:00", "17:30"),
		"PARIS":      between("Europe/Paris", "09:00", "17:30"),
		"AMSTERDAM":  between("Europe/Amsterdam", "09:00", "17:30"),
		"MILAN":      between("Europe/Rome", "09:00", "17:30"),
		"MADRID":     between("Europe/Madrid", "09:00", "17:30"),
		"ZURICH":     between("Europe/Zurich", "09:00", "17:30"),
		"STOCKHOLM":  between("Europe/Stockholm", "09:00", "17:30"),
		"COPENHAGEN": between("Europe/Copenhagen", "09:00", "17:00"),
		"OSLO":       between("Europe/Oslo", "09:00", "16:20"),
		"TOKYO":      between("Asia/Tokyo", "09:00", "15:30"),
		"HONGKONG":   between("Asia/Hong_Kong", "09:30", "16:00"),
		"INDIA":      between("Asia/Kolkata", "09:15", "15:30"),
		"JAKARTA":    between("Asia/Jakarta", "09:00", "16:00"),
		"SYDNEY":     between("Australia/Sydney", "10:00", "16:12"),
		"JOBURG":     between("Africa/Johannesburg", "09:00", "17:00"),
		"SAOPAULO":   between("America/Sao_Paulo", "10:00", "17:00"),
	}
}

// Of is the calendar of an exchange by the name of its hours: "CME", "US", "LONDON". The error names what is not known.
func Of(name string) (*Calendar, error) {
	row, ok := exchanges()[name]
	if !ok {
		return nil, fmt.Errorf("no hours are known of the exchange %q", name)
	}
	zone, err := time.LoadLocation(row.zone)
	if err != nil {
		return nil, fmt.Errorf("hours of the exchange %s: %w", name, err)
	}
	return &Calendar{Name: name, Zone: zone, KnowsHolidays: row.holidays != nil || row.everyDay, hours: row}, nil
}
