package calendar_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
)

// closures lists the weekdays of a year on which the calendar is closed, and those on which it closes early.
func closures(cal *calendar.Calendar, year int) (closed []string, short map[string]string) {
	short = map[string]string{}
	for d := (calendar.Date{Year: year, Month: time.January, Day: 1}); d.Year == year; d = d.AddDays(1) {
		if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
			continue
		}
		s, ok := cal.Session(d)
		switch {
		case !ok:
			closed = append(closed, d.String())
		case s.Short:
			short[d.String()] = s.Close.In(cal.Zone).Format("15:04")
		}
	}
	return closed, short
}

// The dates are those that NYSE published for 2024 to 2026, and 9 January 2025, the day of mourning for President Carter.
func TestEquityHolidays(t *testing.T) {
	t.Parallel()
	cal := of(t, "XNYS")
	for year, want := range map[int]struct{ closed, short []string }{
		2024: {
			[]string{
				"2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02",
				"2024-11-28", "2024-12-25",
			},
			[]string{"2024-07-03", "2024-11-29", "2024-12-24"},
		},
		2025: {
			[]string{
				"2025-01-01", "2025-01-09", "2025-01-20", "2025-02-17", "2025-04-18", "2025-05-26", "2025-06-19", "2025-07-04",
				"2025-09-01", "2025-11-27", "2025-12-25",
			},
			[]string{"2025-07-03", "2025-11-28", "2025-12-24"},
		},
		2026: {
			[]string{
				"2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07",
				"2026-11-26", "2026-12-25",
			},
			[]string{"2026-11-27", "2026-12-24"},
		},
	} {
		closed, short := closures(cal, year)
		if !slices.Equal(closed, want.closed) {
			t.Errorf("closed in %d: %v, want %v", year, closed, want.closed)
		}
		if got := slices.Sorted(maps.Keys(short)); !slices.Equal(got, want.short) {
			t.Errorf("half days of %d: %v, want %v", year, got, want.short)
		}
		for d, close := range short {
			if close != "13:00" {
				t.Errorf("%s closes at %s", d, close)
			}
		}
	}
}

// Futures trade on most holidays, until early in the afternoon; the hours are CME's.
func TestFuturesHolidays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		root   string
		year   int
		closed []string
		short  map[string]string
	}{
		{"CME_EQUITY", 2025, []string{"2025-01-01", "2025-04-18", "2025-12-25"}, map[string]string{
			"2025-01-09": "09:30", "2025-01-20": "13:00", "2025-02-17": "13:00", "2025-05-26": "13:00", "2025-06-19": "13:00",
			"2025-07-03": "13:15", "2025-07-04": "13:00", "2025-09-01": "13:00", "2025-11-27": "13:00", "2025-11-28": "13:15",
			"2025-12-24": "13:15",
		}},
		{"CME_EQUITY", 2026, []string{"2026-01-01", "2026-12-25"}, map[string]string{
			"2026-01-19": "13:00", "2026-02-16": "13:00", "2026-04-03": "09:15", "2026-05-25": "13:00", "2026-06-19": "13:00",
			"2026-07-03": "13:00", "2026-09-07": "13:00", "2026-11-26": "13:00", "2026-11-27": "13:15", "2026-12-24": "13:15",
		}},
		{"NYMEX_ENERGY", 2026, []string{"2026-01-01", "2026-04-03", "2026-12-25"}, map[string]string{
			"2026-01-19": "14:30", "2026-02-16": "14:30", "2026-05-25": "14:30", "2026-06-19": "13:00", "2026-07-03": "13:00",
			"2026-09-07": "14:30", "2026-11-26": "14:30", "2026-11-27": "14:45", "2026-12-24": "13:45",
		}},
		{"CBOT_GRAINS", 2026, []string{
			"2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07",
			"2026-11-26", "2026-12-25",
		}, map[string]string{"2026-11-27": "13:05", "2026-12-24": "13:05"}},
	} {
		closed, short := closures(of(t, tt.root), tt.year)
		if !slices.Equal(closed, tt.closed) {
			t.Errorf("%s closed in %d: %v, want %v", tt.root, tt.year, closed, tt.closed)
		}
		if !maps.Equal(short, tt.short) {
			t.Errorf("%s short in %d: %v, want %v", tt.root, tt.year, short, tt.short)
		}
	}
}

func TestHolidaysThatFallOnWeekends(t *testing.T) {
	t.Parallel()
	cal := of(t, "XNYS")
	for _, tt := range []struct {
		date calendar.Date
		open bool
	}{
		{calendar.Date{Year: 2021, Month: time.December, Day: 24}, false}, // Christmas on a Saturday
		{calendar.Date{Year: 2021, Month: time.December, Day: 31}, true},  // New Year on a Saturday is not made up for
		{calendar.Date{Year: 2022, Month: time.December, Day: 26}, false}, // Christmas on a Sunday
		{calendar.Date{Year: 2023, Month: time.January, Day: 2}, false},   // New Year on a Sunday
		{calendar.Date{Year: 2021, Month: time.July, Day: 5}, false},      // 4 July on a Sunday
		{calendar.Date{Year: 2020, Month: time.July, Day: 3}, false},      // 4 July on a Saturday
		{calendar.Date{Year: 2022, Month: time.June, Day: 20}, false},     // Juneteenth on a Sunday
		{calendar.Date{Year: 2021, Month: time.June, Day: 18}, true},      // Juneteenth was no holiday of the exchanges yet
		{calendar.Date{Year: 2012, Month: time.October, Day: 29}, false},  // Sandy
		{calendar.Date{Year: 2018, Month: time.December, Day: 5}, false},  // mourning for President Bush
		{calendar.Date{Year: 2023, Month: time.April, Day: 7}, false},     // Good Friday, also with a jobs report
	} {
		if _, ok := cal.Session(tt.date); ok != tt.open {
			t.Errorf("open on %s: %t, want %t", tt.date, ok, tt.open)
		}
	}
}
