package term

import (
	"bytes"
	"io"
	"strings"
)

// fitter breaks lines that are too long.
type fitter struct {
	screen *Screen
	begun  bytes.Buffer // a line that has not ended yet
}

// Fit is a writer of texts for people on a screen: a line that is too long goes on in the next one, two columns further in
// than it began. What is written must end with a line's end. It is nothing for JSON and CSV.
func Fit(w io.Writer) io.Writer { return &fitter{screen: Of(w, nil)} }

// Write implements io.Writer.
func (f *fitter) Write(p []byte) (int, error) {
	f.begun.Write(p)
	for {
		line, err := f.begun.ReadString('\n')
		if err != nil { // the rest has no end yet
			f.begun.WriteString(line)
			return len(p), nil
		}
		if err := f.line(strings.TrimSuffix(line, "\n")); err != nil {
			return 0, err
		}
	}
}

// line prints a line, in several ones where it must be.
func (f *fitter) line(line string) error {
	if Widest(line) <= f.screen.Width {
		_, err := io.WriteString(f.screen, line+"\n")
		return err
	}
	words := strings.TrimLeft(line, " ")
	indent := strings.Repeat(" ", len(line)-len(words))
	parts := Wrap(words, f.screen.Width-len(indent)-2)
	for i, part := range parts {
		if i > 0 {
			part = "  " + part
		}
		if _, err := io.WriteString(f.screen, indent+part+"\n"); err != nil {
			return err
		}
	}
	return nil
}
