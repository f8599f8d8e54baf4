package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"barkeep/client"
	"barkeep/term"
)

// watchEvery is how often a status is shown anew.
const watchEvery = 2 * time.Second

// watch shows something again and again until the process is told to end, which is no error. A terminal is drawn over;
// elsewhere the first line is printed where it is another one than before. What fails for a while is shown and tried again.
func (p *process) watch(show func(io.Writer) error) error {
	screen := term.Of(p.out, p.environ)
	before := ""
	for {
		screen.Measure()
		var page bytes.Buffer
		err := show(screen.Over(&page))
		switch {
		case p.ctx.Err() != nil:
			return nil //nolint:nilerr // Ctrl-C is how it ends
		case err != nil && !client.Passing(err):
			return err
		case err != nil:
			page.Reset()
			screen.Over(&page).Verdict(term.Bad, unknown, p.secrets.Text(err.Error()))
		}
		if screen.Live {
			screen.Redraw(page.String())
		} else if first, _, _ := strings.Cut(page.String(), "\nnow "); first != before {
			before = first
			fmt.Fprintln(screen, strings.TrimRight(first, "\n"))
		}
		select {
		case <-p.ctx.Done():
			if screen.Live {
				fmt.Fprintln(screen)
			}
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// screenOf is the screen that a command prints to.
func screenOf(w io.Writer) *term.Screen { return term.Of(w, nil) }
