package term

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Count is a number with commas between its thousands: 304,200.
func Count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Several is a number of things: "1 bar", "304,200 bars", "11 series".
func Several[N int | int64](n N, what string) string {
	if n == 1 || strings.HasSuffix(what, "series") {
		return Count(n) + " " + what
	}
	return Count(n) + " " + what + "s"
}

// Age is how long something lasts or is ago, as people say it, by its largest unit: "20 min", "3 h", "2 days".
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = d.Abs(); {
	case d < time.Minute:
		return "less than 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d < 60*day:
		return fmt.Sprintf("%d days", d/day)
	case d < 2*365*day:
		return fmt.Sprintf("%d months", d/(30*day))
	default:
		return fmt.Sprintf("%d years", d/(365*day))
	}
}

// Ago is how long ago an instant was: "3 h ago"; "in 3 h" where it is still to come.
func Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < 0:
		return "in " + Age(d)
	case d < time.Minute:
		return "just now"
	default:
		return Age(d) + " ago"
	}
}

// Took is how long something took: "0.4 s", "1 min 12 s", "2 h 5 min".
func Took(d time.Duration) string {
	switch d = d.Abs(); {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// Left is an estimate in words: "about 2 min left".
func Left(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds left"
	case d < 90*time.Second:
		return fmt.Sprintf("about %d s left", d.Round(10*time.Second)/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("about %d min left", d.Round(time.Minute)/time.Minute)
	default:
		return fmt.Sprintf("about %d h left", d.Round(time.Hour)/time.Hour)
	}
}

// When is an instant in a zone, as seen at another: "today 14:05 PST", "tomorrow 08:30 PST", "2026-11-30 14:05 PST".
func When(t, now time.Time, zone *time.Location) string {
	at, by := t.In(zone), now.In(zone)
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	clock := at.Format("15:04 MST")
	switch day(at).Sub(day(by)) {
	case 0:
		return "today " + clock
	case 24 * time.Hour:
		return "tomorrow " + clock
	case -24 * time.Hour:
		return "yesterday " + clock
	default:
		return at.Format("2006-01-02 ") + clock
	}
}
