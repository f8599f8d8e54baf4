package market

import (
	"fmt"
	"math"
	"time"
)

// Month is a calendar month in UTC, the unit in which archives are compared. It sorts by Year, then Month.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf is the month in which a bar starts, given in Unix microseconds. A start before the year 1 counts for the first month of
// that year, one after the year 9999 for its last month.
func MonthOf(micros int64) Month {
	at := time.UnixMicro(min(max(micros, FirstTS*microsPerSecond), LastTS*microsPerSecond)).UTC()
	return Month{at.Year(), at.Month()}
}

// ParseMonth reads what String writes, "2026-08".
func ParseMonth(text string) (Month, error) {
	at, err := time.Parse("2006-01", text)
	if err != nil || at.Year() < 1 {
		return Month{}, fmt.Errorf("%q is no month; expected one like 2026-08", text)
	}
	return Month{at.Year(), at.Month()}, nil
}

// String is the form that ISO 8601 gives a month: "2026-08".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, m.Month) }

// MarshalText is String, for JSON.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMonth, for JSON.
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMonth(string(text))
	return err
}

// Before tells whether m is earlier than other.
func (m Month) Before(other Month) bool {
	if m.Year != other.Year {
		return m.Year < other.Year
	}
	return m.Month < other.Month
}

// Bounds are the first and the last start, in Unix microseconds, of the bars for which MonthOf gives this month.
func (m Month) Bounds() (first, last int64) {
	from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
	first, last = from.UnixMicro(), from.AddDate(0, 1, 0).UnixMicro()-1
	if first <= FirstTS*microsPerSecond {
		first = math.MinInt64
	}
	if last >= LastTS*microsPerSecond {
		last = math.MaxInt64
	}
	return first, last
}

// microsPerSecond turns Unix seconds into microseconds.
const microsPerSecond = 1_000_000
