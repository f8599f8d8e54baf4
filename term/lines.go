package term

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// LabelWidth is the room of what stands before the lines of a command: a verdict, or what a line is about.
const LabelWidth = 10

// Widest is how many columns a text takes.
func Widest(line string) int { return text.StringWidthWithoutEscSequences(line) }

// Wrap breaks a text at blanks into lines of at most width columns; breaks that it has stay. A longer word stays whole.
func Wrap(words string, width int) []string {
	var lines []string
	for part := range strings.SplitSeq(strings.TrimRight(words, "\n"), "\n") {
		line := ""
		for word := range strings.FieldsSeq(part) {
			switch {
			case line == "":
				line = word
			case Widest(line)+1+Widest(word) <= width:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// Lines prints a text in as many lines as it takes, each indented by so many columns.
func (s *Screen) Lines(indent int, words string) { s.lines(strings.Repeat(" ", indent), indent, words) }

// lines prints a text with something before its first line.
func (s *Screen) lines(before string, indent int, words string) {
	for i, line := range Wrap(words, s.Width-indent) {
		if i > 0 {
			before = strings.Repeat(" ", indent)
		}
		fmt.Fprintln(s, strings.TrimRight(before+line, " "))
	}
}

// Verdict prints the first line of a command: a word for how things stand, in its tone, and why.
func (s *Screen) Verdict(tone Tone, word, why string) { s.labelled(tone, word, why) }

// Field prints a line about one thing: its name and what there is to say of it.
func (s *Screen) Field(name, what string) { s.labelled(Aside, name, what) }

// Label prints a line that begins with a word in a tone.
func (s *Screen) Label(tone Tone, word, what string) { s.labelled(tone, word, what) }

// Entry prints a line that begins with a word in a tone and a name.
func (s *Screen) Entry(tone Tone, word, name, what string) {
	pad := func(text string) string { return strings.Repeat(" ", max(1, LabelWidth-Widest(text))) }
	s.lines(s.Paint(tone, word)+pad(word)+name+pad(name), 2*LabelWidth, what)
}

func (s *Screen) labelled(tone Tone, word, what string) {
	pad := strings.Repeat(" ", max(1, LabelWidth-Widest(word)))
	s.lines(s.Paint(tone, word)+pad, max(LabelWidth, Widest(word)+1), what)
}

// List prints names with blanks between, behind a label, in as many lines as it takes.
func List(names []string, most int) string {
	if more := len(names) - most; more > 1 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
