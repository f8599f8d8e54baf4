package term

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Column is a column of a table.
type Column struct {
	Name  string
	Right bool // for numbers
	// Spare tells which columns are left out where there is no room: the highest first, 0 never.
	Spare int
}

// Text is a column of texts, and Number one of numbers. They are always shown, unless they are Sparing.
func Text(name string) Column { return Column{Name: name} }

// Number is a column of numbers.
func Number(name string) Column { return Column{Name: name, Right: true} }

// Sparing is the column as one that is left out where there is no room: the one with the highest number first.
func (c Column) Sparing(n int) Column {
	c.Spare = n
	return c
}

// Cell is a text of a table in a tone.
type Cell struct {
	Text string
	Tone Tone
}

// Table is rows of cells under the names of their columns. A column without any text is left out.
type Table struct {
	columns []Column
	rows    []row
}

// row is a line of the table, and a text that stands below it.
type row struct {
	cells []Cell
	note  string
}

// NewTable makes a table of columns.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Row adds a row: a value for each column, a Cell, a text or a number; numbers get commas.
func (t *Table) Row(values ...any) *Table {
	cells := make([]Cell, len(t.columns))
	for i, v := range values {
		switch v := v.(type) {
		case Cell:
			cells[i] = v
		case int:
			cells[i].Text = Count(v)
		case int64:
			cells[i].Text = Count(v)
		default:
			cells[i].Text = fmt.Sprint(v)
		}
	}
	t.rows = append(t.rows, row{cells: cells})
	return t
}

// Note puts a text below the last row.
func (t *Table) Note(note string) *Table {
	t.rows[len(t.rows)-1].note = note
	return t
}

// Len is how many rows it has.
func (t *Table) Len() int { return len(t.rows) }

// gap is the room between two columns, and noteIndent that before a note.
const (
	gap        = 2
	noteIndent = 4
)

// Table prints a table, none of its lines wider than the screen unless a single word is.
func (s *Screen) Table(t *Table) {
	if len(t.rows) == 0 {
		return
	}
	t = t.filled().fitting(s.Width)
	rendered, heights := t.render(s)
	lines := strings.Split(rendered, "\n")
	fmt.Fprintln(s, lines[0])
	at := 1
	for i, r := range t.rows {
		for _, line := range lines[at : at+heights[i]] {
			fmt.Fprintln(s, line)
		}
		at += heights[i]
		if r.note != "" {
			for _, line := range Wrap(r.note, s.Width-noteIndent) {
				fmt.Fprintln(s, strings.Repeat(" ", noteIndent)+s.Paint(Aside, line))
			}
		}
	}
}

// keeping is the table with those of its columns that are kept.
func (t *Table) keeping(kept func(int) bool) *Table {
	smaller := &Table{}
	for i, c := range t.columns {
		if kept(i) {
			smaller.columns = append(smaller.columns, c)
		}
	}
	for _, r := range t.rows {
		cells := make([]Cell, 0, len(smaller.columns))
		for i, c := range r.cells {
			if kept(i) {
				cells = append(cells, c)
			}
		}
		smaller.rows = append(smaller.rows, row{cells, r.note})
	}
	return smaller
}

// filled is the table without the columns in which nothing stands.
func (t *Table) filled() *Table {
	return t.keeping(func(i int) bool {
		return slices.ContainsFunc(t.rows, func(r row) bool { return r.cells[i].Text != "" })
	})
}

// widths are those of the columns.
func (t *Table) widths() (all []int, total int) {
	all = make([]int, len(t.columns))
	for i, c := range t.columns {
		all[i] = Widest(c.Name)
		for _, r := range t.rows {
			for line := range strings.SplitSeq(r.cells[i].Text, "\n") {
				all[i] = max(all[i], Widest(line))
			}
		}
		total += all[i] + gap
	}
	return all, total - gap
}

// fitting is the table without the columns for which there is no room, those that matter least first. Where that is not enough
// the widest column of texts goes on in further lines.
func (t *Table) fitting(width int) *Table {
	widths, total := t.widths()
	for total > width {
		least := 0
		for i, c := range t.columns {
			if c.Spare > t.columns[least].Spare {
				least = i
			}
		}
		if t.columns[least].Spare == 0 {
			return t.wrapped(widths, total-width)
		}
		t = t.keeping(func(i int) bool { return i != least })
		widths, total = t.widths()
	}
	return t
}

// wrapped breaks the texts of the widest column so that it is so much narrower.
func (t *Table) wrapped(widths []int, by int) *Table {
	widest := 0
	for i := range widths {
		if widths[i] > widths[widest] {
			widest = i
		}
	}
	room := max(widths[widest]-by, Widest(t.columns[widest].Name), 8)
	for _, r := range t.rows {
		r.cells[widest].Text = strings.Join(Wrap(r.cells[widest].Text, room), "\n")
	}
	return t
}

// render draws the table, and tells how many lines each row has.
func (t *Table) render(s *Screen) (rendered string, heights []int) {
	w := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", ""
	style.Box.MiddleVertical = strings.Repeat(" ", gap)
	style.Options.SeparateColumns = true
	style.Format.Header = text.FormatDefault
	w.SetStyle(style)
	header, configs := table.Row{}, []table.ColumnConfig{}
	for i, c := range t.columns {
		align := text.AlignLeft
		if c.Right {
			align = text.AlignRight
		}
		header = append(header, s.Paint(Aside, c.Name))
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	w.AppendHeader(header)
	w.SetColumnConfigs(configs)
	for _, r := range t.rows {
		cells, height := table.Row{}, 1
		for _, c := range r.cells {
			lines := strings.Split(c.Text, "\n")
			for i := range lines {
				lines[i] = s.Paint(c.Tone, lines[i])
			}
			cells, height = append(cells, strings.Join(lines, "\n")), max(height, len(lines))
		}
		w.AppendRow(cells)
		heights = append(heights, height)
	}
	lines := strings.Split(w.Render(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"), heights
}
