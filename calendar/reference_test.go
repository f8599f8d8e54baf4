package calendar_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
)

// deviations are the sessions that differ from the reference on purpose, by exchange and date, with the reason.
func deviations() map[string]string {
	joined := "no recorded daily bar of ES or NQ on such a Friday: it is settled with the Monday"
	alike := "no daily bars are recorded of 2026; the hourly ones end on the evening before, as on other dates that are settled with the next"
	storm := "no recorded daily bar of ES or NQ in the storm of 2012: settled with the Wednesday"
	return map[string]string{
		"CME_EQUITY 2010-04-02": joined, "CME_EQUITY 2012-04-06": joined, "CME_EQUITY 2015-04-03": joined,
		"CME_EQUITY 2021-04-02": joined, "CME_EQUITY 2023-04-07": joined, "CME_EQUITY 2026-04-03": alike,
		"CME_EQUITY 2012-10-29": storm, "CME_EQUITY 2012-10-30": storm,
		"XBOM 2026-11-08": "the reference knows that it trades in the evening, and not when: 09:00 to 20:00 holds it",
	}
}

// referenceRow is one row of the reference by the names of its columns.
type referenceRow map[string]string

func referenceRows(t *testing.T, path ...string) []referenceRow {
	t.Helper()
	folder := os.Getenv("BARKEEP_CALENDARS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "calendars")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no reference of calendars in %s: set BARKEEP_CALENDARS to its folder to run this test", folder)
	}
	f, err := os.Open(filepath.Join(append([]string{folder}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []referenceRow
	for _, line := range lines[1:] {
		row := referenceRow{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// reference is one exchange of the reference.
type reference struct {
	zone     *time.Location
	regular  []referenceRow
	sessions map[string]referenceRow
	from, to string
}

// session is what the reference says of a date, as text: "closed", or the open, the close, the breaks and the settlement.
func (r reference) session(t *testing.T, d calendar.Date) string {
	t.Helper()
	date, open, shut, breakFrom, breakTo := d.String(), "", "", "", ""
	for _, row := range r.regular {
		if row["weekmask"][(d.Weekday()+6)%7] == '1' && row["valid_from"] <= date && (row["valid_to"] == "" || date <= row["valid_to"]) {
			open, shut, breakFrom, breakTo = row["open"], row["close"], row["break_start"], row["break_end"]
		}
	}
	special, exceptional := r.sessions[date]
	if exceptional {
		open, shut = special["open"], special["close"]
	}
	if open == "" {
		return "closed"
	}
	from, to := wall(t, r.zone, d, open), wall(t, r.zone, d, shut)
	text := instant(from) + " to " + instant(to)
	if breakFrom != "" {
		if a, b := wall(t, r.zone, d, breakFrom), wall(t, r.zone, d, breakTo); a.After(from) && b.Before(to) {
			text += " break " + instant(a) + " to " + instant(b)
		}
	}
	if strings.Contains(special["note"], "joins the next trade date") {
		text += " joined"
	}
	return text
}

// wall is a wall-clock time of a date; a leading - is the evening before.
func wall(t *testing.T, zone *time.Location, d calendar.Date, clock string) time.Time {
	t.Helper()
	if evening, ok := strings.CutPrefix(clock, "-"); ok {
		d, clock = d.AddDays(-1), evening
	}
	parsed, err := time.ParseInLocation("2006-01-02 15:04", d.String()+" "+clock, zone)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func instant(t time.Time) string { return t.UTC().Format("01-02T15:04Z") }

// described is a session of a calendar in the words of reference.session.
func described(c *calendar.Calendar, d calendar.Date) string {
	s, ok := c.Session(d)
	if !ok {
		return "closed"
	}
	text := instant(s.Open) + " to " + instant(s.Close)
	for _, b := range s.Breaks {
		text += " break " + instant(b.From) + " to " + instant(b.To)
	}
	if s.SettledNext {
		text += " joined"
	}
	return text
}

func references(t *testing.T) map[string]reference {
	t.Helper()
	all := map[string]reference{}
	regular := referenceRows(t, "regular.csv")
	for _, covered := range referenceRows(t, "coverage.csv") {
		name := covered["exchange"]
		r := reference{sessions: map[string]referenceRow{}, from: covered["from"], to: covered["to"]}
		for _, row := range regular {
			if row["exchange"] == name {
				r.regular = append(r.regular, row)
			}
		}
		for _, row := range referenceRows(t, "sessions", name+".csv") {
			r.sessions[row["date"]] = row
		}
		var err error
		if r.zone, err = time.LoadLocation(r.regular[0]["timezone"]); err != nil {
			t.Fatal(err)
		}
		all[name] = r
	}
	return all
}

// Every session of 2010 to 2026 is that of the reference, on all of its exchanges, but for the deviations that are listed above.
func TestSessionsEqualTheReference(t *testing.T) {
	t.Parallel()
	all := references(t)
	known := deviations()
	days, sessions, uncertain, deviating := 0, 0, 0, 0
	for name, r := range all {
		c := of(t, name)
		if from, to, ok := c.Known(); !ok || from.String() != r.from || to.String() != r.to {
			t.Errorf("%s is known from %s to %s, and by the reference from %s to %s", name, from, to, r.from, r.to)
		}
		wrong := 0
		for d := (calendar.Date{Year: 2010, Month: 1, Day: 1}); d.Year <= 2026; d = d.AddDays(1) {
			if date := d.String(); date < r.from || date > r.to {
				continue
			}
			want, got := r.session(t, d), described(c, d)
			days++
			if want != "closed" {
				sessions++
			}
			if !c.Certain(d) {
				uncertain++
			}
			switch reason := known[name+" "+d.String()]; {
			case got == want && reason != "":
				t.Errorf("%s on %s is no deviation", name, d)
			case got != want && reason != "":
				deviating++
			case got != want:
				if wrong++; wrong <= 3 {
					t.Errorf("%s on %s: %s, and by the reference %s", name, d, got, want)
				}
			}
		}
		if wrong > 3 {
			t.Errorf("%s: %d dates differ", name, wrong)
		}
	}
	if deviating != len(known) || len(all) != len(calendar.Names()) {
		t.Errorf("%d of %d deviations were met; %d exchanges of %d", deviating, len(known), len(all), len(calendar.Names()))
	}
	t.Logf("compared %d dates with %d sessions of %d exchanges; %d stated deviations; %d of the dates are held as not certain",
		days, sessions, len(all), deviating, uncertain)
}

// What the reference took from a rule or from memory is held, and known not to be certain; what an exchange published is certain.
func TestWhatIsCertain(t *testing.T) {
	t.Parallel()
	for name, r := range references(t) {
		c := of(t, name)
		for date, row := range r.sessions {
			parsed, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			weak := strings.HasPrefix(row["src"], "rule") || strings.HasPrefix(row["src"], "mem")
			if weak && c.Certain(calendar.DateOf(parsed)) {
				t.Errorf("%s on %s is certain, and rests on %q", name, date, row["src"])
			}
			if row["kind"] == "closed" && slices.Contains([]string{"xc", "lean", "web"}, row["src"]) && date < "2027" &&
				date >= r.from && !c.Certain(calendar.DateOf(parsed)) {
				t.Errorf("%s on %s is not certain, and rests on %q", name, date, row["src"])
			}
		}
		for date, row := range r.sessions {
			parsed, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			if open := openQuestion(name, parsed, row); open && c.Certain(calendar.DateOf(parsed)) {
				t.Errorf("%s on %s is certain, and is an open question of the reference", name, date)
			}
		}
		future := strings.Contains(name, "_")
		for _, tt := range []struct {
			date    calendar.Date
			certain bool
		}{
			{calendar.Date{Year: 2026, Month: 12, Day: 1}, true},
			{calendar.Date{Year: 2027, Month: 2, Day: 3}, !future && r.to > "2027"},
			{calendar.Date{Year: 2028, Month: 2, Day: 3}, false},
			{calendar.Date{Year: 1999, Month: 12, Day: 1}, false},
		} {
			if got := c.Certain(tt.date); got != tt.certain {
				t.Errorf("%s on %s: certain %t", name, tt.date, got)
			}
		}
	}
}

// openQuestion tells whether the reference leaves open what happens on a date: on the day after Thanksgiving from 2025 on in
// energy, metals and currencies, and on a Good Friday with a jobs report in currencies and rates. No recording reaches them.
func openQuestion(name string, d time.Time, row referenceRow) bool {
	thanksgiving := d.Month() == time.November && d.Weekday() == time.Friday && (d.Day()-2)/7 == 3
	goodFriday := d.Month() == time.April && d.Weekday() == time.Friday && row["kind"] == "early"
	switch name {
	case "NYMEX_ENERGY", "COMEX_METALS":
		return thanksgiving && d.Year() >= 2025
	case "CME_FX":
		return thanksgiving && d.Year() >= 2025 || goodFriday
	case "CBOT_RATES":
		return goodFriday
	default:
		return false
	}
}

// The tables are part of the binary.
func TestTablesAreSmall(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("tables", "*.txt"))
	if err != nil || len(files) != len(calendar.Names()) {
		t.Fatalf("%d tables: %v", len(files), err)
	}
	var size int64
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	t.Logf("%d tables of %d bytes", len(files), size)
	if size > 200_000 {
		t.Errorf("the tables have %d bytes", size)
	}
}

// BenchmarkOpenAll opens all calendars and reads their tables: 5 ms at most are asked.
func BenchmarkOpenAll(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range calendar.Names() {
			c, err := calendar.Of(name)
			if err != nil {
				b.Fatal(err)
			}
			c.Certain(calendar.Date{Year: 2026, Month: 11, Day: 26})
		}
	}
}
