package term

import (
	"io"
	"os"
	"strconv"
	"strings"

	xterm "golang.org/x/term"
)

// The bounds of a line. A narrower terminal wraps by itself.
const (
	defaultWidth = 80
	leastWidth   = 40
)

// Tone is what a colour means.
type Tone string

// The tones, as the terminal has them.
const (
	Plain Tone = ""
	Good  Tone = "32" // green: it is as it should be
	Waits Tone = "33" // yellow: something is waited for, or wants a look
	Bad   Tone = "31" // red: something is wrong
	Aside Tone = "90" // grey: beside the point
	Title Tone = "1"  // bold
)

// Screen is where a command prints to, and what may be printed there.
type Screen struct {
	io.Writer
	Width  int  // columns of a line
	Height int  // lines; 0 unless it is a terminal
	Live   bool // it is a terminal that a person reads
	Colour bool
}

// Of is the screen behind a writer. A terminal is as wide as it says. Elsewhere, as in a pipe, a line has 80 columns, or as
// many as COLUMNS says in environ (of the form of os.Environ), and no colour. NO_COLOR and TERM=dumb keep colours from a
// terminal too (https://no-color.org).
func Of(w io.Writer, environ []string) *Screen {
	if s, ok := w.(*Screen); ok {
		return s
	}
	s := &Screen{Writer: w, Width: defaultWidth}
	if n, err := strconv.Atoi(value(environ, "COLUMNS")); err == nil && n >= leastWidth {
		s.Width = n
	}
	f, ok := w.(*os.File)
	if !ok || !xterm.IsTerminal(int(f.Fd())) {
		return s
	}
	s.Live, s.Colour = true, value(environ, "NO_COLOR") == "" && value(environ, "TERM") != "dumb"
	s.Measure()
	return s
}

// Measure asks the terminal again how large it is.
func (s *Screen) Measure() {
	if f, ok := s.Writer.(*os.File); ok && s.Live {
		if width, height, err := xterm.GetSize(int(f.Fd())); err == nil && width > 0 {
			s.Width, s.Height = max(leastWidth, width), height
		}
	}
}

// value is that of a variable; the last one counts.
func value(environ []string, name string) (found string) {
	for _, pair := range environ {
		if key, v, ok := strings.Cut(pair, "="); ok && key == name {
			found = v
		}
	}
	return found
}

// Paint gives a text a tone, where there is colour.
func (s *Screen) Paint(tone Tone, text string) string {
	if !s.Colour || tone == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(tone) + "m" + text + "\x1b[0m"
}

// Over is a screen of the same kind that prints elsewhere.
func (s *Screen) Over(w io.Writer) *Screen {
	other := *s
	other.Writer = w
	return &other
}

// Redraw shows a page in the place of what a terminal shows, as much of it as fits.
func (s *Screen) Redraw(page string) {
	lines := strings.Split(strings.TrimRight(page, "\n"), "\n")
	if s.Height > 1 && len(lines) > s.Height-1 {
		more := len(lines) - (s.Height - 2)
		rest := "and " + Several(more, "more line") + ", for which the terminal is not high enough"
		lines = append(lines[:s.Height-2], s.Paint(Aside, rest))
	}
	var out strings.Builder
	out.WriteString("\x1b[H")
	for _, line := range lines {
		out.WriteString(line + "\x1b[K\n")
	}
	out.WriteString("\x1b[J")
	_, _ = io.WriteString(s.Writer, out.String()) // a terminal that is gone ends the process by itself
}
