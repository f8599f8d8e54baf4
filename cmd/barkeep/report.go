package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// reportOf is the report of a run as the ledger has it.
func reportOf(run ledger.Run, cells []ledger.Cell) syncer.Report {
	report := syncer.Report{Run: run, Cells: cells}
	for _, c := range cells {
		report.Requests += c.Requests
	}
	return report
}

// printReport shows what a run did, or did until now: a row of evidence a series, then the sum.
func printReport(w io.Writer, r syncer.Report, now time.Time) error {
	t := newTable(w, "series", "state", "fetched", "inserted", "changed", "unchanged", "newest bar", "reason")
	for _, c := range inOrder(r.Cells) {
		t.AppendRow(table.Row{
			c.Instrument + " " + c.Timeframe, c.State, c.Fetched, c.Inserted, c.Changed, c.Unchanged, stamp(c.Newest), short(c.Reason, 60),
		})
	}
	t.Render()
	for _, f := range r.Faults {
		fmt.Fprintln(w, "also:", f)
	}
	if r.Progress != nil {
		fmt.Fprintln(w, progressLine(r.Run.ID, *r.Progress))
	}
	return printSum(w, r, now)
}

// inOrder sorts cells as a person looks for them: by instrument, shortest timeframe first. The run went by urgency.
func inOrder(cells []ledger.Cell) []ledger.Cell {
	sorted := slices.Clone(cells)
	slices.SortFunc(sorted, func(a, b ledger.Cell) int { return seriesOf(a).Compare(seriesOf(b)) })
	return sorted
}

func seriesOf(c ledger.Cell) market.Series {
	return market.Series{Instrument: c.Instrument, Timeframe: market.Timeframe(c.Timeframe)}
}

// printMatrix shows how many bars each series got, an instrument a row; a series that got none for a fault is marked.
func printMatrix(w io.Writer, r syncer.Report) {
	cells := inOrder(r.Cells)
	var columns []string
	for _, c := range cells {
		if !slices.Contains(columns, c.Timeframe) {
			columns = append(columns, c.Timeframe)
		}
	}
	slices.SortFunc(columns, func(a, b string) int { return market.Timeframe(a).Compare(market.Timeframe(b)) })
	header := []any{"bars inserted"}
	for _, c := range columns {
		header = append(header, c)
	}
	t := newTable(w, header...)
	for i := 0; i < len(cells); {
		row := make(table.Row, len(columns)+1)
		row[0] = cells[i].Instrument
		for ; i < len(cells) && cells[i].Instrument == row[0]; i++ {
			at := slices.Index(columns, cells[i].Timeframe) + 1
			if row[at] = cells[i].Inserted; !cells[i].State.OK() {
				row[at] = cells[i].State
			}
		}
		t.AppendRow(row)
	}
	t.Render()
}

func printSum(w io.Writer, r syncer.Report, now time.Time) error {
	var changed, unchanged int
	for _, c := range r.Cells {
		changed, unchanged = changed+c.Changed, unchanged+c.Unchanged
	}
	line := fmt.Sprintf("run %d %s: %d candles inserted, %d changed, %d unchanged; %d requests", r.Run.ID, r.Run.State,
		r.Inserted(), changed, unchanged, r.Requests)
	running := r.Run.State == ledger.StateRunning
	switch {
	case running:
		line += fmt.Sprintf(" in %s so far; %d series ended", now.Sub(r.Run.Started).Round(time.Second), len(r.Cells))
	case !r.Run.Finished.IsZero():
		line += fmt.Sprintf(", %s", r.Run.Finished.Sub(r.Run.Started).Round(10*time.Millisecond))
	}
	switch bad := badSeries(r.Cells); {
	case len(bad) == 0:
	case running:
		line += ", of them " + counted(bad, "")
	default:
		first, _, _ := strings.Cut(r.Run.Reason, ledger.Beside)
		line += fmt.Sprintf("; %s, first %s", counted(bad, fmt.Sprintf("of %d series ", len(r.Cells))), first)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// badSeries counts the cells that are not OK, by state; what came back empty failed.
func badSeries(cells []ledger.Cell) map[ledger.CellState]int {
	bad := map[ledger.CellState]int{}
	for _, c := range cells {
		switch {
		case c.State == ledger.CellEmpty:
			bad[ledger.CellFailed]++
		case !c.State.OK():
			bad[c.State]++
		}
	}
	return bad
}

// counted says how many series are in each state: "2 of 12 series failed, 3 late, 6 held back".
func counted(bad map[ledger.CellState]int, of string) string {
	var parts []string
	for _, state := range []ledger.CellState{ledger.CellFailed, ledger.CellLate, ledger.CellThin, ledger.CellHeld} {
		if n := bad[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", n, of, state))
			of = ""
		}
	}
	return strings.Join(parts, ", ")
}

func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateRows = false
	t.AppendHeader(header)
	return t
}

// short keeps a table readable; the full text is in the log and in --json.
func short(line string, n int) string {
	runes := []rune(line)
	if len(runes) <= n {
		return line
	}
	return string(runes[:n-1]) + "…"
}
