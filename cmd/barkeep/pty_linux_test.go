package main_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: what is written to slave, as to a terminal of that size, is read from master.
func openTerminal(t *testing.T, columns, lines int) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size := &unix.Winsize{Row: uint16(lines), Col: uint16(columns)}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// glyph is a character on a terminal with its colour.
type glyph struct {
	letter rune
	colour string
}

// shownBy is what a terminal shows at the end of what was written to it, its colours as <red>...</>, and the lines that it had to break
// since they were too long.
func shownBy(written string, columns int) (shown string, broken []string) {
	var rows [][]glyph
	row, column, colour := 0, 0, ""
	put := func(r rune) {
		if column == columns {
			broken = append(broken, plainRow(rows[row]))
			row, column = row+1, 0
		}
		for len(rows) <= row {
			rows = append(rows, nil)
		}
		for len(rows[row]) <= column {
			rows[row] = append(rows[row], glyph{' ', ""})
		}
		rows[row][column] = glyph{r, colour}
		column++
	}
	token := regexp.MustCompile(`^\x1b\[([?0-9;]*)([A-Za-z])`)
	for len(written) > 0 {
		if m := token.FindStringSubmatch(written); m != nil {
			written = written[len(m[0]):]
			n, _ := strconv.Atoi(m[1])
			switch m[2] {
			case "A":
				row = max(0, row-max(1, n))
			case "H":
				row, column = 0, 0
			case "J":
				rows = rows[:min(len(rows), row+1)]
				fallthrough
			case "K":
				if row < len(rows) {
					rows[row] = rows[row][:min(len(rows[row]), column)]
				}
			case "m":
				colour = map[string]string{"31": "red", "32": "green", "33": "yellow", "90": "grey"}[m[1]]
			}
			continue
		}
		r := []rune(written[:min(len(written), 4)])[0]
		written = written[len(string(r)):]
		switch r {
		case '\r':
			column = 0
		case '\n':
			row++
		default:
			put(r)
		}
	}
	for _, r := range rows {
		shown += colouredRow(r) + "\n"
	}
	return strings.TrimRight(shown, "\n") + "\n", broken
}

func plainRow(row []glyph) string {
	var out strings.Builder
	for _, g := range row {
		out.WriteRune(g.letter)
	}
	return strings.TrimRight(out.String(), " ")
}

func colouredRow(row []glyph) string {
	var out strings.Builder
	colour := ""
	for _, g := range row {
		if g.colour != colour {
			if colour != "" {
				out.WriteString("</>")
			}
			if colour = g.colour; colour != "" {
				out.WriteString("<" + colour + ">")
			}
		}
		out.WriteRune(g.letter)
	}
	if colour != "" {
		out.WriteString("</>")
	}
	return strings.TrimRight(out.String(), " ")
}
