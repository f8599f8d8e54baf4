package yahoo_test

import (
	"slices"
	"strings"
	"testing"

	"barkeep/market"
	"barkeep/yahoo"
)

// The reasons, by a word of them.
const (
	holiday    = "leaves out dates on which"
	closedDay  = "lacks most days on which"
	halfDay    = "half day"
	midnight   = "bar of midnight"
	expiry     = "futures expire"
	sunday     = "evening of Sunday"
	night      = "single bars of the night"
	changeover = "contract changes over"
	bridge     = "between a holiday and a weekend"
	noHolidays = "no holidays are known"
)

// Each rule on both sides of its edges. Times are New York's; none is of a recorded bar unless a rule needs it.
func TestHabits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, symbol string
		tf           market.Timeframe
		start, want  string // a word of the reason, empty for none
	}{
		// Holidays go by New York's dates: not the evening before, but the evening of the same date.
		{"before Memorial Day", "YM", "1h", "2026-05-22 16:00", ""},
		{"the first bar of the holiday", "YM", "1h", "2026-05-25 00:00", holiday},
		{"the evening of the holiday", "CL", "1h", "2026-05-25 23:00", holiday},
		{"after the holiday", "CL", "1h", "2026-05-26 00:00", ""},
		{"Good Friday with a jobs report", "ES", "15m", "2026-04-03 08:45", holiday},
		{"Maundy Thursday's evening", "ES", "15m", "2026-04-02 18:00", ""},
		{"after Good Friday", "ES", "15m", "2026-04-06 07:00", ""},
		{"Juneteenth in a year before it was one", "ES", "1h", "2020-06-19 00:00", ""},
		{"Christmas evening", "GC", "1h", "2025-12-25 18:00", holiday},
		{"New Year's evening, in 1m", "GC", "1m", "2026-01-01 18:00", holiday},
		{"a holiday that is mourned once", "ES", "1h", "2025-01-09 05:00", holiday},
		{"a share has no such habit", "AAPL", "1h", "2026-05-25 10:00", ""},

		// Half days: hourly bars all day, shorter ones from the close of the stock exchanges on.
		{"the evening before a half day", "RTY", "1h", "2025-12-23 23:00", ""},
		{"the night of a half day, hourly", "RTY", "1h", "2025-12-24 00:00", halfDay},
		{"the night of a half day, 15m", "RTY", "15m", "2025-12-24 08:15", ""},
		{"the last bar before the close", "RTY", "15m", "2025-12-24 12:45", ""},
		{"the first bar after the close", "RTY", "15m", "2025-12-24 13:00", halfDay},
		{"the evening of a half day", "SI", "5m", "2025-07-03 23:55", halfDay},
		{"the day after Thanksgiving, metals", "SI", "1h", "2025-11-28 14:00", halfDay},
		{"3 July when the 4th is a Saturday is a holiday", "SI", "1h", "2026-07-03 11:00", holiday},
		{"then 2 July is a whole day", "SI", "1h", "2026-07-02 14:00", ""},

		// Midnight of index futures, from Tuesday on, in 5m alone, by New York's clock on both sides of its changes.
		{"midnight", "YM", "5m", "2026-03-04 00:00", midnight},
		{"midnight in summer", "MNQ", "5m", "2026-03-11 00:00", midnight},
		{"midnight of the old offset", "MNQ", "5m", "2026-03-11 01:00", ""},
		{"the bar after midnight", "MNQ", "5m", "2026-03-11 00:05", ""},
		{"midnight after the clocks went back", "NQ", "5m", "2026-11-03 00:00", midnight},
		{"midnight of a Friday", "NQ", "5m", "2026-03-13 00:00", midnight},
		{"midnight of a Monday is of Sunday's evening", "NQ", "5m", "2026-03-09 00:00", sunday},
		{"midnight in 15m", "NQ", "15m", "2026-03-11 00:00", ""},
		{"midnight of metals", "GC", "5m", "2026-03-11 00:00", ""},
		{"midnight of bitcoin", "BTC", "5m", "2026-03-11 00:00", ""},

		// Expiry of index futures: the third Friday of a quarter month, or the Thursday before.
		{"expiry, before the hole", "ES", "1h", "2024-09-20 09:00", ""},
		{"expiry, the hole begins", "ES", "1h", "2024-09-20 10:00", expiry},
		{"expiry, the hole ends", "ES", "1h", "2024-09-20 15:00", expiry},
		{"expiry, after the hole", "ES", "1h", "2024-09-20 16:00", ""},
		{"a week before expiry", "ES", "1h", "2024-09-13 10:00", ""},
		{"a week after expiry", "ES", "1h", "2024-09-27 10:00", ""},
		{"the third Friday of another month", "ES", "1h", "2024-10-18 10:00", ""},
		{"an earliest third Friday", "MYM", "1h", "2024-03-15 12:00", expiry},
		{"a latest third Friday", "M2K", "1h", "2025-03-21 12:00", expiry},
		{"the day before expiry", "ES", "1h", "2024-09-19 12:00", ""},
		{"expiry on Thursday, before Juneteenth", "ES", "1h", "2026-06-18 12:00", expiry},
		{"the Wednesday before", "ES", "1h", "2026-06-17 12:00", ""},
		{"expiry on Thursday, before Good Friday", "NQ", "1h", "2008-03-20 12:00", expiry},
		{"the session of expiry begins", "NQ", "5m", "2024-09-19 18:00", expiry},
		{"before the session of expiry", "NQ", "5m", "2024-09-19 16:55", ""},
		{"the session of expiry ends", "NQ", "15m", "2024-09-20 16:45", expiry},
		{"a contract month", "NQU24", "1h", "2024-09-20 12:00", expiry},
		{"Nikkei futures expire on another day", "NKD", "1h", "2024-09-20 12:00", ""},
		{"currencies do so on another day", "6E", "1h", "2024-09-20 12:00", ""},

		// Sunday evenings, until ten past midnight.
		{"Sunday's open", "HG", "1h", "2026-03-08 18:00", sunday},
		{"Sunday's last bar", "HG", "5m", "2026-03-08 23:55", sunday},
		{"the second bar of Monday", "ES", "5m", "2026-03-09 00:05", sunday},
		{"the third bar of Monday", "ES", "5m", "2026-03-09 00:10", ""},
		{"Monday's evening", "ES", "5m", "2026-03-09 18:00", ""},

		// Single bars of the night.
		{"before the first one", "GC", "5m", "2026-03-11 03:25", ""},
		{"the first one", "GC", "5m", "2026-03-11 03:30", night},
		{"between two", "GC", "5m", "2026-03-11 03:40", ""},
		{"the second one begins", "CL", "5m", "2026-03-11 04:15", night},
		{"the second one ends", "CL", "5m", "2026-03-11 04:30", night},
		{"after the second one", "CL", "5m", "2026-03-11 04:35", ""},
		{"the third one", "SI", "5m", "2026-11-04 05:35", night},
		{"after the third one", "SI", "5m", "2026-11-04 05:40", ""},
		{"before the last one", "MES", "5m", "2026-11-04 06:05", ""},
		{"the last one", "MES", "5m", "2026-11-04 06:20", night},
		{"after the last one", "MES", "5m", "2026-11-04 06:25", ""},
		{"a bar of 15m over it", "NQ", "15m", "2026-03-11 06:15", night},
		{"a bar of 15m beside it", "NQ", "15m", "2026-03-11 05:45", ""},
		{"an hour over it is never lost", "NQ", "1h", "2026-03-11 06:00", ""},

		// Metals change over on the last but two of a month's business days, give or take one.
		{"two days before", "GC", "1d", "2025-07-25 00:00", ""},
		{"the day before", "GC", "1d", "2025-07-28 00:00", changeover},
		{"the day", "HG", "1d", "2025-07-29 00:00", changeover},
		{"the session after begins", "GC", "5m", "2025-07-29 18:00", changeover},
		{"the session after ends", "GC", "5m", "2025-07-30 16:55", changeover},
		{"two sessions after", "GC", "5m", "2025-07-30 18:00", ""},
		{"a holiday is no business day", "GC", "1d", "2026-05-26 00:00", changeover},
		{"nor is a weekend", "GC", "1d", "2026-05-22 00:00", ""},
		{"energy does not change over then", "CL", "1d", "2025-07-29 00:00", ""},

		// Days.
		{"the stock exchanges mourn", "CL", "1d", "2018-12-05 00:00", closedDay},
		{"a half day has its daily bar", "CL", "1d", "2025-12-24 00:00", ""},
		{"the day after", "CL", "1d", "2018-12-06 00:00", ""},
		{"a storm", "GC", "1d", "2012-10-30 00:00", closedDay},
		{"the day after Thanksgiving, long ago", "SI", "1d", "2004-11-26 00:00", bridge},
		{"the Monday before a holiday, long ago", "NG", "1d", "2001-12-24 00:00", bridge},
		{"the first such day that was traded", "NG", "1d", "2007-11-23 00:00", noHolidays},
		{"the Wednesday before Thanksgiving", "NG", "1d", "2004-11-24 00:00", noHolidays},
		{"a Friday after an ordinary Thursday", "NG", "1d", "2004-11-19 00:00", noHolidays},
		{"a Monday after a holiday on Friday", "NG", "1d", "2003-07-07 00:00", noHolidays},
		{"index futures traded on such days", "ES", "1d", "2004-11-26 00:00", noHolidays},
		{"the last day that is not known", "CL", "1d", "2008-12-31 00:00", noHolidays},
		{"the first day that is known", "CL", "1d", "2009-01-02 00:00", ""},
		{"an hour of a day that is not known", "CL", "1h", "2008-12-30 12:00", ""},
		{"a share on such a day", "AAPL", "1d", "2018-12-05 00:00", ""},
		{"a date long after the tables", "CL", "1d", "2040-06-05 00:00", ""},
	} {
		why, usual := yahoo.Capabilities().Habit(instrument(t, tt.symbol), tt.tf, ny(tt.start).Unix())
		word(t, tt.name, why, tt.want)
		if want := slices.Contains([]string{holiday, closedDay, halfDay, midnight, bridge}, tt.want); usual != want {
			t.Errorf("%s: usual is %t, want %t", tt.name, usual, want)
		}
	}
}

// What the provider serves where no bar is expected.
func TestOddBars(t *testing.T) {
	t.Parallel()
	const print, half, joined, evening = "closing minute", "half past", "holiday session", "Sunday"
	for _, tt := range []struct {
		name, symbol string
		tf           market.Timeframe
		start, want  string
	}{
		{"at the close", "ES", "5m", "2026-03-10 17:00", print},
		{"after the close", "ES", "5m", "2026-03-10 17:05", ""},
		{"at the close of a half day", "ES", "1m", "2025-12-24 13:15", print},
		{"at the close of a share", "AAPL", "1m", "2026-03-10 16:00", print},
		{"at the usual close of a half day", "ES", "1m", "2025-12-24 17:00", ""},
		{"a holiday has no close", "AAPL", "1m", "2025-12-25 16:00", ""},
		{"a half day's first hour", "YM", "1h", "2025-12-24 09:30", half},
		{"a half day's last hour", "CL", "1h", "2025-12-24 12:30", half},
		{"half past after it", "CL", "1h", "2025-12-24 13:30", ""},
		{"half past before it", "CL", "1h", "2025-12-24 08:30", ""},
		{"off that grid", "CL", "1h", "2025-12-24 10:15", ""},
		{"half past of a whole day", "CL", "1h", "2025-12-23 10:30", ""},
		{"off the grid in 15m", "CL", "15m", "2025-12-24 09:40", ""},
		{"half past of a share", "AAPL", "1h", "2025-12-24 08:30", ""},
		{"a day that is settled with the next", "NQ", "1d", "2025-09-01 00:00", joined},
		{"a closed day", "NQ", "1d", "2025-12-25 00:00", joined},
		{"a closed day of a share", "AAPL", "1d", "2025-12-25 00:00", ""},
		{"a Sunday", "SI", "1d", "2025-07-13 00:00", evening},
		{"a Sunday of a share", "AAPL", "1d", "2025-07-13 00:00", ""},
		{"a Saturday", "SI", "1d", "2025-07-12 00:00", ""},
		{"a day that is expected", "SI", "1d", "2025-07-11 00:00", ""},
	} {
		word(t, tt.name, yahoo.Capabilities().Odd(instrument(t, tt.symbol), tt.tf, ny(tt.start).Unix()), tt.want)
	}
}

// word holds a sentence to a word of it, or to nothing.
func word(t *testing.T, name, got, want string) {
	t.Helper()
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}
