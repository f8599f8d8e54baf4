package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
)

// mapWidth is the width of the heat map, and mapLabel that of the names before it.
const (
	mapWidth = 80
	mapLabel = 14
	mapShare = 8 // " 100.0%" behind it
)

// mark is how a cell is drawn: a letter, and the number of its colour.
type mark struct {
	letter string
	colour int
}

// The colours of the terminal.
const (
	red    = 31
	green  = 32
	yellow = 33
	grey   = 90
)

// whole is the mark of a session of which nothing is absent.
func whole() mark { return mark{".", green} }

// silent is the mark of a session of which all bars are null: nobody traded, or the provider has mislaid it.
func silent() mark { return mark{"O", yellow} }

// markOf is the mark of a session by its worst reason. Capitals are what may still come, or ought to have.
func markOf(r market.GapReason) mark {
	switch r {
	case market.GapBeyond:
		return mark{"X", red}
	case market.GapHeld:
		return mark{"H", red}
	case market.GapFailed:
		return mark{"F", red}
	case market.GapLate:
		return mark{"L", yellow}
	case market.GapNotFetched:
		return mark{"N", yellow}
	case market.GapImpossible:
		return mark{"I", yellow}
	case market.GapAbsent:
		return mark{"A", yellow}
	case market.GapNull:
		return mark{"o", grey}
	case market.GapUnavailable:
		return mark{"u", grey}
	case market.GapExpired:
		return mark{"e", grey}
	case market.GapClosed:
		return mark{"c", grey}
	case market.GapBefore:
		return mark{"b", grey}
	default:
		return mark{"?", red}
	}
}

// printMap draws the heat map: a row a series, a column a date on which any of them has a session, the newest ones that fit.
func printMap(w io.Writer, all []query.SeriesCoverage, colour bool) error {
	dates := sessionDates(all)
	dates = dates[max(0, len(dates)-(mapWidth-mapLabel-mapShare)):]
	if len(dates) == 0 {
		_, err := fmt.Fprintln(w, "no session was judged in that time")
		return err
	}
	fmt.Fprintf(w, "%s to %s, a cell a session\n", dates[0], dates[len(dates)-1])
	fmt.Fprintln(w, strings.Repeat(" ", mapLabel)+monthsOf(dates))
	seen, last := map[string]bool{}, ""
	for _, c := range all {
		if last != "" && last != c.Series.Instrument {
			fmt.Fprintln(w)
		}
		last = c.Series.Instrument
		share := "     -"
		if c.Expected > 0 {
			share = percentOf(c.Present, c.Expected)
		}
		fmt.Fprintf(w, "%-*s%s %s\n", mapLabel, short(c.Series.String(), mapLabel-1), rowOf(c, dates, colour, seen), share)
	}
	fmt.Fprintln(w)
	for _, line := range legend(seen, colour) {
		fmt.Fprintln(w, line)
	}
	return printTotals(w, all)
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
func rowOf(c query.SeriesCoverage, dates []calendar.Date, colour bool, seen map[string]bool) string {
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
		out.WriteString(m.draw(colour))
	}
	return out.String()
}

func (m mark) draw(colour bool) string {
	if !colour {
		return m.letter
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", m.colour, m.letter)
}

// legend explains the letters that were drawn, in lines of at most mapWidth.
func legend(seen map[string]bool, colour bool) []string {
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
		if n := len(e.word) + 4; width+n > mapWidth {
			lines, line, width = append(lines, line), "", 0
		}
		line += e.draw(colour) + " " + e.word + "  "
		width += len(e.word) + 4
	}
	return append(lines, strings.TrimRight(line, " "))
}

// printTotals sums up all series.
func printTotals(w io.Writer, all []query.SeriesCoverage) error {
	sums := make([]query.Covered, len(all))
	for i, c := range all {
		sums[i] = query.Covered{Expected: c.Expected, Present: c.Present, Absent: c.Absent}
	}
	return printTotal(w, query.Total(sums))
}

// printTotal says what is expected, present, and absent by reason.
func printTotal(w io.Writer, total query.Covered) error {
	line := fmt.Sprintf("%d of %d expected bars are there", total.Present, total.Expected)
	if total.Present == total.Expected {
		line = fmt.Sprintf("all %d expected bars are there", total.Expected)
	}
	for _, a := range total.Absent {
		part := fmt.Sprintf("%d %s", a.Bars, a.Reason)
		if i := strings.LastIndexByte(line, '\n'); len(line)-i+len(part) > mapWidth-2 {
			line += ",\n  " + part
		} else {
			line += ", " + part
		}
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
