package market

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ParseTimeframe reads a timeframe as a user writes it: upper or lower case, and with 60m as another name of 1h. 1M is refused,
// since it is a minute to some and a month to others. The error lists the known ones, and says which of them may be meant.
func ParseTimeframe(text string) (Timeframe, error) {
	trimmed := strings.TrimSpace(text)
	name := Timeframe(strings.ToLower(trimmed))
	if name == "60m" {
		name = H1
	}
	number, ambiguous := strings.CutSuffix(trimmed, "M")
	ambiguous = ambiguous && strings.Trim(number, "0123456789") == ""
	all := Timeframes()
	if !ambiguous && slices.Contains(all, name) {
		return name, nil
	}
	hint := ""
	if hints := meant(trimmed); len(hints) > 0 {
		hint = "did you mean " + join(hints, " or ") + "? "
	}
	return "", fmt.Errorf("%w %q: %sknown are %s (60m is 1h)", ErrUnknownTimeframe, text, hint, join(all, ", "))
}

func join(timeframes []Timeframe, separator string) string {
	names := make([]string, len(timeframes))
	for i, t := range timeframes {
		names[i] = string(t)
	}
	return strings.Join(names, separator)
}

// meant are the known timeframes that an unknown name may stand for, as people and other programs write them: 1w, 60min, 1day,
// H4, 240, 1M (which some read as a minute and others as a month). Empty when no rule says one.
func meant(text string) []Timeframe {
	count, unit, ok := splitTimeframe(text)
	if !ok {
		return nil
	}
	if unit == "M" {
		return knownOf(inMinutes(count), inMonths(count))
	}
	switch strings.ToLower(unit) {
	case "", "m", "min", "mins", "minute", "minutes":
		return knownOf(inMinutes(count))
	case "h", "hr", "hrs", "hour", "hours", "hourly":
		return knownOf(inMinutes(60 * count))
	case "d", "day", "days", "daily":
		return knownOf(inMinutes(24 * 60 * count))
	case "w", "wk", "wks", "week", "weeks", "weekly":
		return knownOf(strconv.Itoa(count) + "wk")
	case "mn", "mo", "mos", "mon", "month", "months", "monthly":
		return knownOf(inMonths(count))
	case "q", "quarter", "quarters", "quarterly":
		return knownOf(inMonths(3 * count))
	}
	return nil
}

// splitTimeframe splits 15min or M15 into 15 and its unit; without a number it is one: "daily" is 1 and "daily".
func splitTimeframe(text string) (count int, unit string, ok bool) {
	text = strings.TrimSpace(text)
	notDigit := func(r rune) bool { return !unicode.IsDigit(r) }
	digits := strings.TrimFunc(text, notDigit)
	before, after, found := strings.Cut(text, digits)
	unit = strings.Trim(before+after, " -_")
	switch {
	case digits == "":
		return 1, text, text != ""
	case !found || before != "" && after != "":
		return 0, "", false
	}
	if before != "" { // M15, H4, D1 of other programs, where MN is the month
		unit = strings.ToLower(unit)
	}
	count, err := strconv.Atoi(digits)
	const most = 100_000 // far more than any bar's minutes
	return count, unit, err == nil && count > 0 && count < most
}

// inMinutes names a length by the largest unit in which it is whole.
func inMinutes(minutes int) string {
	switch {
	case minutes%(7*24*60) == 0:
		return strconv.Itoa(minutes/(7*24*60)) + "wk"
	case minutes%(24*60) == 0:
		return strconv.Itoa(minutes/(24*60)) + "d"
	case minutes%60 == 0:
		return strconv.Itoa(minutes/60) + "h"
	}
	return strconv.Itoa(minutes) + "m"
}

func inMonths(months int) string { return strconv.Itoa(months) + "mo" }

// knownOf keeps the names that are timeframes.
func knownOf(names ...string) []Timeframe {
	var known []Timeframe
	for _, name := range names {
		if t := Timeframe(name); slices.Contains(Timeframes(), t) {
			known = append(known, t)
		}
	}
	return known
}
