package calendar

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tables hold the facts of each exchange, written by tools/calendars. go:embed needs a variable of the package; nothing writes
// it.
//
// A line of a table starts with its kind: "zone NAME", "known FROM TO" (the dates that the facts cover), "unsure FROM TO",
// "hours WEEKMASK FROM TO OPEN/CLOSE [BREAK/BREAK]" (Monday first, "-" for no bound), "closed YEAR MMDD...", and "early", "late"
// or "special", then OPEN/CLOSE YYYYMMDD.... Times are the exchange's wall clock; a leading "-" means the evening before. A "+"
// after the kind means a session that is settled with the next; a "?" after a date, that the date or its hours are not certain.
//
//go:embed tables/*.txt
var tables embed.FS

// textOf is the table of an exchange; ok is false when there is none.
func textOf(name string) (text string, ok bool) {
	b, err := tables.ReadFile("tables/" + name + ".txt")
	return string(b), err == nil
}

// zoneOf is the name of a table's zone, from its first line.
func zoneOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimPrefix(line, "zone ")
}

// parse reads a table.
func parse(text string) (*table, error) {
	r := reader{table: &table{}, dated: make([]int, 0, 512)}
	var fields []string
	for line := range strings.Lines(text) {
		fields = slices.AppendSeq(fields[:0], strings.SplitSeq(strings.TrimSuffix(line, "\n"), " "))
		if err := r.line(fields); err != nil {
			return nil, fmt.Errorf("line %q: %w", strings.TrimSpace(line), err)
		}
	}
	return r.finish(), nil
}

// reader gathers the lines of one table.
type reader struct {
	table *table
	rows  []row
	lines []*variation
	dated []int // an exception each: its day, the index of its line and whether it is not certain, in bits that sort by day
}

// row is a line of hours: the days of a week, from one date to another, on which they hold.
type row struct {
	mask string
	span span
	hours
}

func (r *reader) line(fields []string) error {
	if len(fields) < 2 {
		return fmt.Errorf("it has no values")
	}
	kind, joined := strings.CutSuffix(fields[0], "+")
	switch kind {
	case "zone":
		return nil // zoneOf reads it
	case "known", "unsure":
		s, err := spanOf(fields[1:])
		if kind == "known" {
			r.table.known = s
		} else {
			r.table.doubts = append(r.table.doubts, s)
		}
		return err
	case "hours":
		return r.hours(fields[1:])
	default:
		return r.dates(Kind(kind), joined, fields[1], fields[2:])
	}
}

func (r *reader) hours(fields []string) error {
	if len(fields) < 4 || len(fields[0]) != 7 {
		return fmt.Errorf("hours have a mask, two dates and two times")
	}
	s, err := spanOf(fields[1:3])
	if err != nil {
		return err
	}
	open, shut, err := timesOf(fields[3])
	if err != nil {
		return err
	}
	h := hours{open: open, close: shut}
	for _, field := range fields[4:] {
		from, to, err := timesOf(field)
		if err != nil {
			return err
		}
		h.breaks = append(h.breaks, pause{from, to})
	}
	r.rows = append(r.rows, row{mask: fields[0], span: s, hours: h})
	return nil
}

// dates reads a line of exceptions; head is the year of closures and the times of the others.
func (r *reader) dates(kind Kind, joined bool, head string, dates []string) error {
	v := &variation{kind: kind, joined: joined}
	year := 0
	var err error
	switch kind {
	case Closed:
		year, err = strconv.Atoi(head)
	case Early, Late, Special:
		v.hours.open, v.hours.close, err = timesOf(head)
	default:
		err = fmt.Errorf("%q is no kind of line", kind)
	}
	if err != nil {
		return err
	}
	for _, text := range dates {
		digits, unsure := strings.CutSuffix(text, "?")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return fmt.Errorf("date %q: %w", text, err)
		}
		n += year * 10000
		key := Date{n / 10000, time.Month(n / 100 % 100), n % 100}.number()<<lineBits | len(r.lines)<<1
		if unsure {
			key |= 1
		}
		r.dated = append(r.dated, key)
	}
	r.lines = append(r.lines, v)
	return nil
}

// lineBits hold the index of a line and a mark in the keys of reader.dated.
const lineBits = 16

// finish puts the rows into weeks and the exceptions into order, and gives each of these the breaks of its usual day.
func (r *reader) finish() *table {
	t := r.table
	for _, from := range r.changes() {
		p := period{from: from}
		for i := range r.rows {
			for weekday := range 7 {
				if h := &r.rows[i]; h.span.contains(from) && h.mask[(weekday+6)%7] == '1' {
					p.week[weekday] = &h.hours
				}
			}
		}
		if p.week != [7]*hours{} { // between two rows a weekend may lie
			t.periods = append(t.periods, p)
		}
	}
	slices.Sort(r.dated)
	t.exceptions = make([]exception, len(r.dated))
	for i, key := range r.dated {
		day, line := key>>lineBits, key>>1&(1<<(lineBits-1)-1)
		t.exceptions[i] = exception{variation: r.lines[line].on(t.usual(day)), day: int32(day), unsure: key&1 == 1}
	}
	for _, p := range t.periods {
		for _, h := range p.week {
			if h != nil {
				h.breaks = during(h.breaks, h.open, h.close)
			}
		}
	}
	return t
}

// changes are the dates on which a row begins or the one after its end, in order.
func (r *reader) changes() []int {
	var days []int
	for _, h := range r.rows {
		days = append(days, h.span.from)
		if h.span.to < math.MaxInt32 {
			days = append(days, h.span.to+1)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// spanOf reads two dates such as 2026-11-22; "-" stands for no bound.
func spanOf(fields []string) (span, error) {
	s := span{math.MinInt32, math.MaxInt32}
	if len(fields) != 2 {
		return s, fmt.Errorf("a span has two dates")
	}
	for i, bound := range []*int{&s.from, &s.to} {
		if fields[i] == "-" {
			continue
		}
		d, err := time.Parse(time.DateOnly, fields[i])
		if err != nil {
			return s, err
		}
		*bound = DateOf(d).number()
	}
	return s, nil
}

// timesOf reads OPEN/CLOSE as offsets from midnight.
func timesOf(text string) (open, shut time.Duration, err error) {
	from, to, ok := strings.Cut(text, "/")
	if open, err = clock(from); err == nil {
		shut, err = clock(to)
	}
	if err == nil && (!ok || shut <= open) {
		err = fmt.Errorf("times %q do not rise", text)
	}
	return open, shut, err
}

// clock reads "18:00" as an offset from midnight; "-18:00" is 18:00 of the evening before.
func clock(text string) (time.Duration, error) {
	digits, evening := strings.CutPrefix(text, "-")
	hour, minute, _ := strings.Cut(digits, ":")
	h, err := strconv.ParseUint(hour, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("time %q: %w", text, err)
	}
	m, err := strconv.ParseUint(minute, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("time %q: %w", text, err)
	}
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if evening {
		offset -= day
	}
	return offset, nil
}
