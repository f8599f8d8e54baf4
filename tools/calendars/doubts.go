package main

import (
	"slices"
	"strings"
	"time"
)

// futures tells whether an exchange is a group of futures; the others go by their ISO 10383 code, which has no underscore.
func futures(exchange string) bool { return strings.Contains(exchange, "_") }

// doubts lists the spans of dates, as "FROM TO", in which the facts continue a pattern or an estimate and nothing was published.
func doubts(exchange string) []string {
	switch {
	case futures(exchange):
		return []string{"2027-01-01 2027-12-31"} // no futures exchange had published its holidays of 2027 in November 2026
	case exchange == "XIST" || exchange == "XSAU":
		return []string{"2027-03-07 2027-03-14", "2027-05-13 2027-05-21"} // the feasts of 2027 go by the sight of the moon
	case exchange == "XKLS":
		return []string{"2027-03-07 2027-03-14", "2027-05-13 2027-05-21", "2027-06-04 2027-06-08", "2027-08-13 2027-08-18"}
	default:
		return nil
	}
}

// unsure tells whether a date rests on memory or on a pattern, or on a source known to be generic there.
func unsure(exchange string, s map[string]string) bool {
	for _, weak := range []string{"rule", "mem", "pattern", "inferred"} {
		if strings.Contains(s["src"], weak) {
			return true
		}
	}
	early := s["kind"] == "early"
	switch exchange {
	case "NYMEX_ENERGY", "COMEX_METALS", "CME_FX":
		// One source alone has the later close of the day after Thanksgiving; and whether a Good Friday with a jobs report is a trading
		// date of its own.
		return early && (s["date"] >= "2025" && blackFriday(s["date"]) || jobsFriday(s["date"]))
	case "CBOT_RATES":
		return early && jobsFriday(s["date"])
	case "ICE_KC", "ICE_CC", "ICE_SB", "ICE_CT", "ICE_OJ":
		return early && s["date"] >= "2020"
	case "ICE_DX":
		return early && s["date"] >= "2020-02"
	case "CFE_VX":
		return early
	case "CBOT_GRAINS":
		return s["open"] != "" && !strings.HasPrefix(s["open"], "-") // opens in the morning after a closure
	default:
		return false
	}
}

// joined names the sessions that the provider's daily bars count to the next trading date although the facts do not say so: index
// futures on a Good Friday with a jobs report, and in the storm of 2012. No daily bars are recorded of 2026; the hourly ones of
// that Good Friday end on the evening before, as those of other sessions that are joined do.
func joined(exchange, date string) bool {
	return exchange == "CME_EQUITY" && (jobsFriday(date) || date == "2012-10-29" || date == "2012-10-30")
}

// jobsFriday names the Good Fridays on which the jobs report came out, and futures of indices, currencies and rates traded for a
// morning.
func jobsFriday(date string) bool {
	return slices.Contains([]string{"2010-04-02", "2012-04-06", "2015-04-03", "2021-04-02", "2023-04-07", "2026-04-03"}, date)
}

// blackFriday tells whether a date is the day after the fourth Thursday of November.
func blackFriday(date string) bool {
	d, err := time.Parse(time.DateOnly, date)
	return err == nil && d.Month() == time.November && d.Weekday() == time.Friday && 23 <= d.Day() && d.Day() <= 29
}
