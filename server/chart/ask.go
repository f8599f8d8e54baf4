package chart

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// ask is what a request asks for. What the provider ignores is ignored too: parameters that it does not know, and includePrePost,
// since all bars of the archive were asked for without such hours.
type ask struct {
	asked     string // the interval as the request spells it
	interval  market.Timeframe
	from, to  int64  // period1 and period2, both included, in Unix seconds; from is not set yet with rangeText
	open      bool   // there is no period2: to is now
	rangeText string // the range; empty where period1 was given
	events    []string
	unadjust  bool // without adjusted closes
}

// The bounds of a time that can be asked for, in Unix seconds; the provider's are not known.
const farthest = 1 << 40

// readQuery reads the parameters. The error is a refusal.
func readQuery(values url.Values) (q ask, err error) {
	q.asked = values.Get("interval")
	if q.asked == "" {
		q.asked = "1d"
	}
	var known bool
	if q.interval, known = intervalOf(q.asked); !known {
		return q, refuse(http.StatusBadRequest, fmt.Sprintf("Invalid input - interval=%s is not supported. Valid intervals: [%s]",
			clipped(q.asked), strings.Join(intervals(), ", ")))
	}
	q.events = strings.FieldsFunc(values.Get("events"), func(r rune) bool { return r == ',' || r == '|' })
	q.unadjust = strings.EqualFold(values.Get("includeAdjustedClose"), "false")
	q.open = values.Get("period2") == ""
	if !q.open {
		if q.to, err = moment(values, "period2"); err != nil {
			return q, err
		}
	}
	if values.Get("period1") == "" {
		q.rangeText, err = readRange(values.Get("range"))
		return q, err
	}
	q.from, err = moment(values, "period1")
	if err == nil && !q.open && q.from > q.to {
		err = refuse(http.StatusBadRequest, fmt.Sprintf(
			"Invalid input - start date cannot be after end date. startDate = %d, endDate = %d", q.from, q.to))
	}
	return q, err
}

func moment(values url.Values, name string) (int64, error) {
	text := values.Get(name)
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v > farthest || v < -farthest {
		return 0, refuse(http.StatusBadRequest, fmt.Sprintf("Invalid input - %s=%s is not a valid time", name, clipped(text)))
	}
	return v, nil
}

// intervals are those that can be asked for, the provider's and those that it does not have, as its refusal lists them.
func intervals() []string {
	var names []string
	for _, t := range market.Timeframes() {
		if names = append(names, string(t)); t == market.M30 {
			names = append(names, "60m")
		}
	}
	return names
}

// intervalOf is the timeframe of an interval.
func intervalOf(name string) (market.Timeframe, bool) {
	if name == "60m" {
		return market.H1, true
	}
	t := market.Timeframe(name)
	return t, slices.Contains(market.Timeframes(), t)
}

// ranges are those that an answer names as valid.
func ranges() []string {
	return []string{"1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"}
}

// readRange checks a range. The provider takes any number of days, weeks, months or years.
func readRange(text string) (string, error) {
	if text == "" {
		text = "1d"
	}
	if _, _, ok := span(text); ok || text == "ytd" || text == "max" {
		return text, nil
	}
	return "", refuse(http.StatusUnprocessableEntity, fmt.Sprintf("Invalid input - range=%s is not supported. Valid ranges: [%s]",
		clipped(text), strings.Join(ranges(), ", ")))
}

// span is a number from 1 to 9999 and a unit: d, wk, mo or y.
func span(text string) (n int, unit string, ok bool) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.Atoi(text[:digits])
	unit = text[digits:]
	return n, unit, err == nil && n > 0 && n < 10_000 && slices.Contains([]string{"d", "wk", "mo", "y"}, unit)
}

// begin is where a range begins that ends now. Days are counted in sessions, that of the newest bar included.
func begin(text string, now time.Time, c *calendar.Calendar, newest time.Time) int64 {
	zone := c.Zone
	local := now.In(zone)
	date := func(years, months, days int) int64 {
		return time.Date(local.Year()+years, local.Month()+time.Month(months), local.Day()+days, 0, 0, 0, 0, zone).Unix()
	}
	n, unit, _ := span(text)
	switch {
	case text == "max":
		return market.FirstTS
	case text == "ytd":
		return time.Date(local.Year(), 1, 1, 0, 0, 0, 0, zone).Unix()
	case unit == "y":
		return date(-n, 0, 0)
	case unit == "mo":
		return date(0, -n, 0)
	case unit == "wk":
		return date(0, 0, -7*n)
	case n > 1000: // days, so many that it is no matter which
		return date(0, 0, -n*3/2)
	}
	return c.SessionsBack(newest, n-1).Unix()
}

// size is how many bars a request may have, at most.
func (q ask) size(now time.Time, most int) int {
	length := q.interval.Length()
	if length == 0 {
		length = 24 * time.Hour
	}
	to := now.Unix()
	if !q.open {
		to = min(q.to, to)
	}
	from := q.from
	if n, unit, ok := span(q.rangeText); ok {
		from = to - int64(n+5)*map[string]int64{"d": 2, "wk": 7, "mo": 31, "y": 366}[unit]*86_400 // one day in two has a session
	} else if q.rangeText == "ytd" {
		from = to - 366*86_400
	} else if q.rangeText == "max" {
		from = earliest
	}
	return min(max(int((to-max(from, earliest))/int64(length/time.Second)), fewestBars), most)
}

// earliest is 1900-01-01: no exchange's prices go further back.
const earliest = -2208988800

// adjusted tells whether the answer has adjusted closes.
func (q ask) adjusted() bool { return !q.interval.Intraday() && !q.unadjust }

// wants tells whether events of a kind are asked for, under any of its names.
func (q ask) wants(names ...string) bool {
	return slices.ContainsFunc(q.events, func(e string) bool { return slices.Contains(names, e) })
}
