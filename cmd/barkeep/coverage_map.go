package main

import (
	"fmt"
	"slices"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/term"
)

// mapLabel is the least width of the names before the heat map.
const (
	mapLabel = 14
	mapShare = 8 // " 100.0%" behind it
)

// mark is how a cell is drawn: a letter in a tone.
type mark struct {
	letter string
	tone   term.Tone
}

// whole is the mark of a session of which nothing is absent.
func whole() mark { return mark{".", term.Good} }

// silent is the mark of a session of which all bars are null: nobody traded, or the provider has mislaid it.
func silent() mark { return mark{"O", term.Waits} }

// markOf is the mark of a session by its worst reason. Capitals are what may still come, or ought to have.
func markOf(r market.GapReason) mark {
	switch r {
	case market.GapBeyond:
		return mark{"X", term.Bad}
	case market.GapHeld:
		return mark{"H", term.Bad}
	case market.GapFailed:
		return mark{"F", term.Bad}
	case market.GapLate:
		return mark{"L", term.Waits}
	case market.GapNotFetched:
		return mark{"N", term.Waits}
	case market.GapImpossible:
		return mark{"I", term.Waits}
	case market.GapAbsent:
		return mark{"A", term.Waits}
	case market.GapNull:
		return mark{"o", term.Aside}
	case market.GapUnavailable:
		return mark{"u", term.Aside}
	case market.GapExpired:
		return mark{"e", term.Aside}
	case market.GapClosed:
		return mark{"c", term.Aside}
	case market.GapBefore:
		return mark{"b", term.Aside}
	default:
		return mark{"?", term.Bad}
	}
}

// printMap says how much is there, and draws the heat map: a row a series, a column a date on which any of them has a session,
// the newest ones that fit.
func printMap(s *term.Screen, all []query.SeriesCoverage) error {
	coverageVerdict(s, all)
	label := mapLabel
	for _, c := range all {
		label = max(label, term.Widest(c.Series.String())+1)
	}
	dates := sessionDates(all)
	dates = dates[max(0, len(dates)-(s.Width-label-mapShare)):]
	if len(dates) == 0 {
		fmt.Fprintln(s, "no session was judged in that time")
		return nil
	}
	fmt.Fprintf(s, "\n%s to %s, a cell a session\n", dates[0], dates[len(dates)-1])
	fmt.Fprintln(s, strings.Repeat(" ", label)+monthsOf(dates))
	seen, last := map[string]bool{}, ""
	for _, c := range all {
		if last != "" && last != c.Series.Instrument {
			fmt.Fprintln(s)
		}
		last = c.Series.Instrument
		share := "     -"
		if c.Expected > 0 {
			share = percentOf(c.Present, c.Expected)
		}
		fmt.Fprintf(s, "%-*s%s %s\n", label, c.Series, rowOf(c, dates, s, seen), share)
	}
	fmt.Fprintln(s)
	for _, line := range legend(seen, s) {
		fmt.Fprintln(s, line)
	}
	return nil
}

// coverageVerdict says how much of what is expected is there: what should have come and did not is missing, what is lost is lost.
func coverageVerdict(s *term.Screen, all []query.SeriesCoverage) {
	sums := make([]query.Covered, len(all))
	for i, c := range all {
		sums[i] = query.Covered{Expected: c.Expected, Present: c.Present, Absent: c.Absent}
	}
	total := query.Total(sums)
	tone, word := term.Good, "complete"
	for _, a := range total.Absent {
		switch a.Reason {
		case market.GapFailed, market.GapLate, market.GapNotFetched, market.GapHeld:
			tone, word = term.Bad, missing
		case market.GapBeyond, market.GapImpossible, market.GapAbsent:
			if word == "complete" {
				tone, word = term.Waits, "gaps"
			}
		}
	}
	s.Verdict(tone, word, fmt.Sprintf("%s, of %s that were judged", totalText(total), term.Several(len(all), "series")))
}

// percentOf is how much is present; what is nearly all is not all.
func percentOf(present, expected int64) string {
	share := 100 * float64(present) / float64(expected)
	if present < expected {
		share = min(share, 99.9)
	}
	return fmt.Sprintf("%5.1f%%", share)
}

func sessionDates(all []query.SeriesCoverage) []calendar.Date {
	var dates []calendar.Date
	seen := map[calendar.Date]bool{}
	for _, c := range all {
		for _, s := range c.Cells {
			if !seen[s.Date] {
				seen[s.Date] = true
				dates = append(dates, s.Date)
			}
		}
	}
	slices.SortFunc(dates, func(a, b calendar.Date) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		default:
			return 0
		}
	})
	return dates
}

// monthsOf names the months above their first date.
func monthsOf(dates []calendar.Date) string {
	const name = 3
	line := []byte(strings.Repeat(" ", len(dates)+name))
	for i, d := range dates {
		begins := i == 0 || d.Month != dates[i-1].Month
		if begins && (i+name >= len(dates) || dates[i+name].Month == d.Month) {
			copy(line[i:], d.Month.String()[:name])
		}
	}
	return strings.TrimRight(string(line), " ")
}

// rowOf draws the sessions of a series. A blank is a date without one, or one that was not judged.
func rowOf(c query.SeriesCoverage, dates []calendar.Date, screen *term.Screen, seen map[string]bool) string {
	cells := map[calendar.Date]mark{}
	for _, s := range c.Cells {
		m := whole()
		switch {
		case len(s.Absent) == 0:
		case s.Absent[0].Reason == market.GapNull && s.Present == 0:
			m = silent()
		default:
			m = markOf(s.Absent[0].Reason)
		}
		cells[s.Date] = m
	}
	var out strings.Builder
	for _, d := range dates {
		m, ok := cells[d]
		if !ok {
			out.WriteByte(' ')
			continue
		}
		seen[m.letter] = true
		out.WriteString(screen.Paint(m.tone, m.letter))
	}
	return out.String()
}

// legend explains the letters that were drawn, in lines that fit.
func legend(seen map[string]bool, screen *term.Screen) []string {
	type entry struct {
		mark
		word string
	}
	entries := []entry{{whole(), "complete"}}
	for _, r := range market.GapReasons() {
		entries = append(entries, entry{markOf(r), string(r)})
	}
	entries = append(entries, entry{silent(), "null all session"})
	var lines []string
	line, width := "", 0
	for _, e := range entries {
		if !seen[e.letter] {
			continue
		}
		if n := len(e.word) + 4; width+n > screen.Width {
			lines, line, width = append(lines, line), "", 0
		}
		line += screen.Paint(e.tone, e.letter) + " " + e.word + "  "
		width += len(e.word) + 4
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// totalText says what is expected, present, and absent by reason.
func totalText(total query.Covered) string {
	if total.Present == total.Expected {
		return fmt.Sprintf("all %s are there", term.Several(total.Expected, "expected bar"))
	}
	text := fmt.Sprintf("%s of %s are there; absent are", term.Count(total.Present), term.Several(total.Expected, "expected bar"))
	for i, a := range total.Absent {
		text += fmt.Sprintf("%s %s %s", []string{"", ","}[min(1, i)], term.Count(a.Bars), a.Reason)
	}
	return text
}
