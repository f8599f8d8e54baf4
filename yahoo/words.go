package yahoo

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spanForm is a span of time in a sentence: "60 days", "last year", "two weeks", "100 years", "3mo". A span is as long as people
// count it at least: a month has 30 days, a year 365.
var spanForm = regexp.MustCompile(`\b(\d[\d,]*|an?|last|past|` + numbers + `)[\s-]*` +
	`(?:(days?|weeks?|months?|years?)|(d|wks?|mos?|yrs?|y))\b`)

const numbers = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"

var (
	// intervalForm follows a span that is an interval: "1d data", "3mo granularity".
	intervalForm = regexp.MustCompile(`^\s*(data|granularity|intervals?|bars?|candles?|charts?|resolution)\b`)
	// boundForm stands before a span in short form that is a bound: "the last 3mo", "limited to 60d". "1d" alone is an interval.
	boundForm = regexp.MustCompile(`\b(within|last|past|recent|only|most|than|max|maximum|exceeds?|limit|of|to|is|range)\s*$`)
	// lengthForm and depthForm tell what a sentence with a span bounds.
	lengthForm = regexp.MustCompile(`\b(((per|single|one) (request|call|query))|worth|at a time|at once|longer|length|duration)\b`)
	depthForm  = regexp.MustCompile(`\b(within|last|past|ago|older|earlier|back|recent|history|since)\b`)
	// rangeForm is in refusals of a range, and invalidForm in those of something else about the request.
	rangeForm = regexp.MustCompile(`\b(range|periods?|period[12]|per request|within|exceeds?|older than|earlier than|` +
		`too (long|large|wide|far|old)|worth of|not available for start)`)
	invalidForm = regexp.MustCompile(`after end|interval ?=|valid (intervals|ranges)|is not supported`)
)

// longestNamed bounds what a refusal may name: no exchange is older, and a time.Duration ends at 292 years.
const longestNamed = 250 * 365 * 24 * time.Hour

// named finds the limits that a refusal names: "The requested range must be within the last 60 days." bounds how far back, "Only
// 8 days worth of 1m granularity data are allowed to be fetched per request." the length. Where words do not tell which, it is
// the length: what lies before is asked for in other requests. Of several the shortest counts.
func named(reason string) (limits Limits) {
	ends := func(r rune) bool { return strings.ContainsRune(".;\n", r) }
	for _, sentence := range strings.FieldsFunc(strings.ToLower(reason), ends) {
		for _, at := range spanForm.FindAllStringSubmatchIndex(sentence, -1) {
			short, unit := at[4] < 0, max(at[4], at[6])
			span := spanOf(sentence[at[2]:at[3]], sentence[unit])
			switch {
			case span == 0, intervalForm.MatchString(sentence[at[1]:]), short && !boundForm.MatchString(sentence[:at[0]]):
			case depthForm.MatchString(sentence) && !lengthForm.MatchString(sentence):
				limits.Depth = shorter(limits.Depth, span)
			default:
				limits.Length = shorter(limits.Length, span)
			}
		}
	}
	return limits
}

// spanOf is the length of so many units; 0 for one that cannot be.
func spanOf(count string, unit byte) time.Duration {
	const day = 24 * time.Hour
	n, err := strconv.Atoi(strings.ReplaceAll(count, ",", ""))
	if err != nil {
		n = 1 + max(0, slices.Index(strings.Split(numbers, "|"), count))
	}
	length := map[byte]time.Duration{'d': day, 'w': 7 * day, 'm': 30 * day, 'y': 365 * day}[unit]
	if n < 1 || time.Duration(n) > longestNamed/length {
		return 0
	}
	return time.Duration(n) * length
}

// shorter is the shorter of two spans, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// refusesRange tells whether a refusal that names no limit is about the range that was asked for.
func refusesRange(reason string) bool {
	reason = strings.ToLower(reason)
	return rangeForm.MatchString(reason) && !invalidForm.MatchString(reason)
}
