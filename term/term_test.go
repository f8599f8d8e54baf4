package term_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/term"
)

// screen is one of a width, without colour, and what is printed on it.
func screen(width int, colour bool) (*term.Screen, *strings.Builder) {
	var out strings.Builder
	return &term.Screen{Writer: &out, Width: width, Colour: colour}, &out
}

// TestATableFits whatever it holds: no line is wider than the screen, but for single words, and no text is lost unless its column was
// left out.
func TestATableFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,9}`), 0, 12)
		width := rapid.IntRange(40, 160).Draw(r, "width")
		s, out := screen(width, rapid.Bool().Draw(r, "colour"))
		table := term.NewTable(term.Column{Name: "run", Right: true}, term.Column{Name: "what"}, term.Column{Name: "where", Spare: 1},
			term.Column{Name: "by", Spare: 2}, term.Column{Name: "empty", Spare: 3})
		rows := rapid.IntRange(1, 6).Draw(r, "rows")
		var must []string
		for i := range rows {
			what, note := words.Draw(r, "what"), words.Draw(r, "note")
			table.Row(i, term.Cell{Text: strings.Join(what, " "), Tone: term.Bad}, strings.Join(words.Draw(r, "where"), " "), "sync")
			if len(note) > 0 {
				table.Note(strings.Join(note, " "))
			}
			must = append(append(must, what...), note...)
		}
		s.Table(table)
		for _, line := range strings.Split(out.String(), "\n") {
			if n := term.Widest(line); n > width {
				r.Fatalf("%d columns of %d in %q\n%s", n, width, line, out)
			}
			if strings.TrimRight(line, " ") != line {
				r.Fatalf("blanks at the end of %q", line)
			}
		}
		shown := map[string]int{}
		text := regexp.MustCompile(`\x1b\[\d+m`).ReplaceAllString(out.String(), "")
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }) {
			shown[word]++
		}
		for _, word := range must {
			if shown[word]--; shown[word] < 0 {
				r.Fatalf("%q is not shown in\n%s", word, out)
			}
		}
		if strings.Contains(out.String(), "empty") {
			r.Fatalf("a column without a text is shown:\n%s", out)
		}
	})
}

func TestATable(t *testing.T) {
	t.Parallel()
	s, out := screen(40, false)
	table := term.NewTable(term.Column{Name: "run", Right: true}, term.Column{Name: "state"}, term.Column{Name: "bars", Right: true},
		term.Column{Name: "somebody's host", Spare: 1})
	table.Row(12, "failed", 1234567, "a-host-with-a-long-name").Note("the provider cannot be reached: connection refused, and more")
	table.Row(3, "done", 5, "box")
	s.Table(table)
	want := `run  state        bars
 12  failed  1,234,567
    the provider cannot be reached:
    connection refused, and more
  3  done            5
`
	if out.String() != want {
		t.Errorf("\n%s\nwant\n%s", out, want)
	}
}

func TestAVerdict(t *testing.T) {
	t.Parallel()
	s, out := screen(40, true)
	s.Verdict(term.Bad, "missing", "nothing is stored yet: barkeep sync fills the archive")
	want := "\x1b[31mmissing\x1b[0m   nothing is stored yet: barkeep\n          sync fills the archive\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 22, 14, 0, 0, time.UTC)
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		term.Count(304200): "304,200", term.Count(-1234): "-1,234", term.Count(-123): "-123", term.Count(0): "0", term.Count(int64(1e6)): "1,000,000",
		term.Several(1, "bar"): "1 bar", term.Several(2, "series"): "2 series", term.Several(1000, "bar"): "1,000 bars",
		term.Ago(now.Add(-9*time.Minute), now): "9 min ago", term.Ago(now.Add(18*time.Hour), now): "in 18 h",
		term.Ago(now.Add(-time.Second), now): "just now", term.Ago(now.AddDate(0, 0, -3), now): "3 days ago",
		term.Age(100 * 24 * time.Hour): "3 months", term.Age(4 * 365 * 24 * time.Hour): "4 years", term.Age(time.Second): "less than 1 min",
		term.Took(1190 * time.Millisecond): "1.2 s", term.Took(72 * time.Second): "1 min 12 s", term.Took(125 * time.Minute): "2 h 5 min",
		term.Left(4 * time.Second): "a few seconds left", term.Left(44 * time.Second): "about 40 s left", term.Left(119 * time.Second): "about 2 min left",
		term.Left(3 * time.Hour):                                 "about 3 h left",
		term.When(now, now, pacific):                             "today 14:14 PST",
		term.When(now.Add(18*time.Hour), now, pacific):           "tomorrow 08:14 PST",
		term.When(now.Add(-15*time.Hour), now, pacific):          "yesterday 23:14 PST",
		term.When(now.AddDate(0, 0, 9), now, time.UTC):           "2026-12-06 22:14 UTC",
		term.When(now.AddDate(0, -4, 0), now, pacific):           "2026-07-27 15:14 PDT",
		strings.Join(term.Wrap("a path/to/something b", 8), "|"): "a|path/to/something|b",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestScreens holds that only a terminal has colours, and that a pipe is as wide as COLUMNS says.
func TestScreens(t *testing.T) {
	t.Parallel()
	for environ, width := range map[string]int{"": 80, "COLUMNS=120": 120, "COLUMNS=x": 80, "COLUMNS=3": 80} {
		s := term.Of(&strings.Builder{}, []string{environ})
		if s.Width != width || s.Colour || s.Live || s.Paint(term.Bad, "x") != "x" {
			t.Errorf("%s: %+v, want %d columns", environ, s, width)
		}
		if term.Of(s, nil) != s {
			t.Error("a screen of a screen is another one")
		}
	}
}

// TestFit breaks what is too long, at blanks, and leaves the rest as it is.
func TestFit(t *testing.T) {
	t.Parallel()
	s, out := screen(40, false)
	w := term.Fit(s)
	for _, part := range []string{"short\n", "  begun ", "here,   and it goes on for much longer than the screen is wide\n", "\n/a/path/that/is/longer/than/the/screen/is/wide\n"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	want := `short
  begun here, and it goes on for much
    longer than the screen is wide

/a/path/that/is/longer/than/the/screen/is/wide
`
	if out.String() != want {
		t.Errorf("\n%s\nwant\n%s", out, want)
	}
}
