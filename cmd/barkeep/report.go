package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/term"
)

// reportOf is the report of a run as the ledger has it.
func reportOf(run ledger.Run, cells []ledger.Cell) syncer.Report {
	report := syncer.Report{Run: run, Cells: cells}
	for _, c := range cells {
		report.Requests += c.Requests
	}
	return report
}

// printReport shows what a run did, or did until now: how it ended, then what failed and why, then the rest by instrument; with
// verbose a row of evidence for every series.
func printReport(w io.Writer, r syncer.Report, now time.Time, verbose bool) error {
	s := screenOf(w)
	sumVerdict(s, r, now)
	for _, f := range r.Faults {
		s.Label(term.Bad, "fault", f)
	}
	printProblems(s, r.Cells)
	switch good := slices.DeleteFunc(slices.Clone(r.Cells), func(c ledger.Cell) bool { return !c.State.OK() }); {
	case verbose && len(r.Cells) > 0:
		fmt.Fprintln(s)
		printCells(s, r.Cells)
	case len(good) > 0:
		fmt.Fprintln(s)
		printGood(s, good)
	}
	return nil
}

// sumVerdict says how a run ended, and what it did in all.
func sumVerdict(s *term.Screen, r syncer.Report, now time.Time) {
	run := r.Run
	what := fmt.Sprintf("run %d, %s: ", run.ID, run.Name())
	switch bad := badSeries(r.Cells); {
	case run.State == ledger.StateRunning:
		what += fmt.Sprintf("%s ended so far", term.Several(len(r.Cells), "series"))
		if len(bad) > 0 {
			what += ", of them " + counted(bad, "")
		}
	case len(bad) > 0:
		what += counted(bad, fmt.Sprintf("of %s ", term.Several(len(r.Cells), "series")))
	case run.State == ledger.StateDone:
		what += fmt.Sprintf("%s, nothing failed", term.Several(len(r.Cells), "series"))
	default:
		what += brief(run.Reason, 300)
	}
	s.Verdict(toneOf(run.State), string(run.State), what)
	s.Lines(term.LabelWidth, sumText(r, now))
	if r.Progress != nil {
		s.Lines(term.LabelWidth, progressText(*r.Progress, run, now))
	}
}

// sumText is what a run did in all.
func sumText(r syncer.Report, now time.Time) string {
	var changed, unchanged int
	for _, c := range r.Cells {
		changed, unchanged = changed+c.Changed, unchanged+c.Unchanged
	}
	line := fmt.Sprintf("%s inserted, %s changed, %s unchanged; %s", term.Several(r.Inserted(), "bar"), term.Count(changed),
		term.Count(unchanged), term.Several(r.Requests, "request"))
	switch {
	case r.Run.State == ledger.StateRunning:
		line += " in " + term.Took(now.Sub(r.Run.Started)) + " so far"
	case !r.Run.Finished.IsZero():
		line += " in " + term.Took(r.Run.Finished.Sub(r.Run.Started))
	}
	return line
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

// cellTone is the colour of a cell's state.
func cellTone(state ledger.CellState) term.Tone {
	switch {
	case !state.OK():
		return term.Bad
	case state == ledger.CellUnavailable:
		return term.Waits
	default:
		return term.Good
	}
}

// mostProblems is how many causes are shown; --verbose shows the rest.
const mostProblems = 20

// printProblems shows the cells that are not as they should be: those of one cause together, a cause with the series that it
// is of.
func printProblems(s *term.Screen, cells []ledger.Cell) {
	type cause struct {
		state  ledger.CellState
		reason string
	}
	var causes []cause
	of := map[cause][]ledger.Cell{}
	for _, c := range inOrder(cells) {
		if c.State.OK() && c.State != ledger.CellUnavailable {
			continue
		}
		why := cause{c.State, withoutName(c.Reason)}
		if of[why] == nil {
			causes = append(causes, why)
		}
		of[why] = append(of[why], c)
	}
	slices.SortStableFunc(causes, func(a, b cause) int {
		rank := func(c cause) int { return map[bool]int{false: 0, true: 1}[c.state.OK()] }
		return cmp.Compare(rank(a), rank(b))
	})
	for _, why := range causes[:min(len(causes), mostProblems)] {
		s.Label(cellTone(why.state), string(why.state), seriesText(of[why]))
		s.Lines(term.LabelWidth, cmp.Or(brief(why.reason, 400), "no reason is noted"))
	}
	if more := len(causes) - mostProblems; more > 0 {
		s.Lines(term.LabelWidth, fmt.Sprintf("and %s more, which --verbose shows", term.Several(more, "cause")))
	}
}

// withoutName is a reason without the request that it begins with, which the names of the series say: those of one cause are
// alike then.
func withoutName(reason string) string {
	if rest, found := strings.CutPrefix(reason, "fetch "); found {
		if request, why, found := strings.Cut(rest, ": "); found && strings.Count(request, " ") == 1 {
			return why
		}
	}
	return reason
}

// seriesText names series by their instruments, the timeframes of each once: "ES, NQ 1m, 5m; CL 1d". Of very many it names the
// first.
func seriesText(cells []ledger.Cell) string {
	var parts []string
	frames := map[string][]string{}
	var names []string
	for _, c := range cells {
		if frames[c.Instrument] == nil {
			names = append(names, c.Instrument)
		}
		frames[c.Instrument] = append(frames[c.Instrument], c.Timeframe)
	}
	for i := 0; i < len(names); {
		alike := []string{names[i]}
		key := strings.Join(frames[names[i]], ", ")
		for i++; i < len(names) && strings.Join(frames[names[i]], ", ") == key; i++ {
			alike = append(alike, names[i])
		}
		parts = append(parts, term.List(alike, 8)+" "+key)
	}
	const most = 6
	if more := len(parts) - most; more > 1 {
		parts = append(parts[:most], fmt.Sprintf("and %s more", term.Several(more, "instrument")))
	}
	return strings.Join(parts, "; ")
}

// instrumentSum is what became of the series of an instrument.
type instrumentSum struct {
	series, inserted, changed, unchanged int
	newest                               time.Time
}

// mostInstruments is how many rows the instruments that went well have; of more the rest is summed up.
const mostInstruments = 12

// printGood shows what went well, an instrument a row; instruments of which all numbers are the same share one.
func printGood(s *term.Screen, cells []ledger.Cell) {
	sums := map[string]*instrumentSum{}
	for _, c := range cells {
		if sums[c.Instrument] == nil {
			sums[c.Instrument] = &instrumentSum{}
		}
		sums[c.Instrument].add(c)
	}
	alike := map[instrumentSum][]string{}
	var order []instrumentSum
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		sum := *sums[name]
		if alike[sum] == nil {
			order = append(order, sum)
		}
		alike[sum] = append(alike[sum], name)
	}
	t := term.NewTable(term.Text("instrument"), term.Number("series"), term.Number("inserted"),
		term.Number("changed"), term.Number("unchanged").Sparing(1), term.Text("newest bar (UTC)"))
	row := func(name string, n int, sum instrumentSum) {
		t.Row(name, n*sum.series, n*sum.inserted, n*sum.changed, n*sum.unchanged, plainUTC(sum.newest))
	}
	for _, sum := range order[:min(len(order), mostInstruments)] {
		row(term.List(alike[sum], 4), len(alike[sum]), sum)
	}
	if len(order) > mostInstruments {
		var rest instrumentSum
		names := 0
		for _, sum := range order[mostInstruments:] {
			for range alike[sum] {
				names++
				rest.join(sum)
			}
		}
		row(fmt.Sprintf("%d others", names), 1, rest)
	}
	s.Table(t)
}

func (i *instrumentSum) add(c ledger.Cell) {
	i.join(instrumentSum{1, c.Inserted, c.Changed, c.Unchanged, c.Newest})
}

func (i *instrumentSum) join(other instrumentSum) {
	i.series, i.inserted = i.series+other.series, i.inserted+other.inserted
	i.changed, i.unchanged = i.changed+other.changed, i.unchanged+other.unchanged
	if other.newest.After(i.newest) {
		i.newest = other.newest
	}
}

// printCells shows a row of evidence for every series, those that are not as they should be first.
func printCells(s *term.Screen, cells []ledger.Cell) {
	t := term.NewTable(term.Text("series"), term.Text("state"), term.Number("fetched").Sparing(2),
		term.Number("inserted"), term.Number("changed"), term.Number("unchanged").Sparing(1),
		term.Text("newest bar (UTC)"), term.Text("reason").Sparing(3))
	sorted := inOrder(cells)
	slices.SortStableFunc(sorted, func(a, b ledger.Cell) int {
		rank := func(c ledger.Cell) int { return map[bool]int{false: 0, true: 1}[c.State.OK()] }
		return cmp.Compare(rank(a), rank(b))
	})
	for _, c := range sorted {
		reason, note := c.Reason, ""
		if !c.State.OK() { // all of it must be read
			reason, note = "", c.Reason
		}
		t.Row(c.Instrument+" "+c.Timeframe, term.Cell{Text: string(c.State), Tone: cellTone(c.State)}, c.Fetched, c.Inserted, c.Changed,
			c.Unchanged, plainUTC(c.Newest), reason).Note(note)
	}
	s.Table(t)
}

// printMatrix shows how many bars each series got, an instrument a row; a series that got none for a fault is marked.
func printMatrix(s *term.Screen, r syncer.Report) {
	cells := inOrder(r.Cells)
	var frames []string
	for _, c := range cells {
		if !slices.Contains(frames, c.Timeframe) {
			frames = append(frames, c.Timeframe)
		}
	}
	slices.SortFunc(frames, func(a, b string) int { return market.Timeframe(a).Compare(market.Timeframe(b)) })
	columns := []term.Column{term.Text("bars")}
	for _, f := range frames {
		columns = append(columns, term.Number(f))
	}
	t := term.NewTable(columns...)
	for i := 0; i < len(cells); {
		row := make([]any, len(frames)+1)
		for k := range row {
			row[k] = ""
		}
		row[0] = cells[i].Instrument
		for ; i < len(cells) && cells[i].Instrument == row[0]; i++ {
			at := slices.Index(frames, cells[i].Timeframe) + 1
			if row[at] = cells[i].Inserted; !cells[i].State.OK() {
				row[at] = term.Cell{Text: string(cells[i].State), Tone: term.Bad}
			}
		}
		t.Row(row...)
	}
	s.Table(t)
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

// instrumentsOf is how many instruments cells are of.
func instrumentsOf(cells []ledger.Cell) int {
	names := map[string]bool{}
	for _, c := range cells {
		names[c.Instrument] = true
	}
	return len(names)
}
