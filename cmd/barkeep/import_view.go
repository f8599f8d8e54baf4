package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/term"
)

// importView is what import shows of a file.
type importView struct {
	File          string              `json:"file"`
	Instrument    string              `json:"instrument"`
	Timeframe     market.Timeframe    `json:"timeframe"`
	SHA256        string              `json:"sha256,omitempty"`
	DryRun        bool                `json:"dry_run"`
	Refused       string              `json:"refused,omitempty"`
	Notes         []string            `json:"notes"`
	From          *time.Time          `json:"from"` // starts of the first and the last bar; null without bars
	To            *time.Time          `json:"to"`
	Rows          int64               `json:"rows"`
	New           int64               `json:"new"` // bars that are not stored, or were not
	Stored        int64               `json:"stored"`
	Fills         map[string]int64    `json:"fills"` // of the new ones, by the reason of the gaps that they fill
	Equal         int64               `json:"equal"`
	OtherVolume   int64               `json:"other_volume"` // of the equal ones
	Contradicting int64               `json:"contradicting"`
	Contradict    []contradictionView `json:"contradictions"` // the first of them
	Left          map[string]int64    `json:"left"`
	Examples      []leftView          `json:"left_examples"`
	Repeated      int64               `json:"repeated"`
	Compared      bool                `json:"compared_only"`
	Absent        int64               `json:"absent"` // of a timeframe that is compared only: bars that ours does not have
	Run           int64               `json:"run,omitempty"`

	state ledger.State
	clean bool
}

type contradictionView struct {
	Line   int64     `json:"line,omitempty"`
	Start  time.Time `json:"start"`
	Given  barView   `json:"given"`
	Stored barView   `json:"stored"`
}

type barView struct {
	Open   float64 `json:"open"`
	High   float64 `json:"high"`
	Low    float64 `json:"low"`
	Close  float64 `json:"close"`
	Volume *int64  `json:"volume"`
}

type leftView struct {
	Kind  string     `json:"kind"`
	Line  int64      `json:"line,omitempty"`
	Start *time.Time `json:"start"`
	Says  string     `json:"says,omitempty"`
}

func newImportView(file string, r app.ImportReport, dryRun bool) importView {
	v := surveyView(r.Survey)
	v.File, v.SHA256, v.DryRun, v.Run, v.state = file, r.Digest, dryRun, r.Run.ID, r.Run.State
	return v
}

// surveyView shows a survey.
func surveyView(s syncer.Survey) importView {
	v := importView{
		Instrument: s.Series.Instrument, Timeframe: s.Series.Timeframe, Refused: s.Refused, Notes: append([]string{}, s.Notes...),
		Rows: s.Rows, New: s.Taken, Stored: s.Stored, Equal: s.Equal, OtherVolume: s.Volumes, Contradicting: s.Contradicting,
		Contradict: []contradictionView{}, Left: map[string]int64{}, Examples: []leftView{}, Repeated: s.Left.Repeated,
		Compared: s.Compared, Absent: s.Absent, Fills: map[string]int64{}, clean: s.Clean(),
	}
	if !s.Span.Empty() {
		last := s.Span.To.Add(-time.Second)
		v.From, v.To = &s.Span.From, &last
	}
	for reason, n := range s.Fills {
		v.Fills[string(reason)] = n
	}
	for _, e := range s.Examples {
		v.Contradict = append(v.Contradict, contradictionView{e.Line, e.Given.Start, newBarView(e.Given), newBarView(e.Stored)})
	}
	for _, kind := range intake.Kinds() {
		if n := s.Left.Counts[kind]; n > 0 {
			v.Left[string(kind)] = n
		}
		for _, f := range s.Left.Examples[kind] {
			l := leftView{Kind: string(kind), Line: f.Line, Says: f.Says}
			if !f.Start.IsZero() {
				l.Start = &f.Start
			}
			v.Examples = append(v.Examples, l)
		}
	}
	return v
}

func newBarView(b market.Candle) barView {
	v := barView{Open: b.Open, High: b.High, Low: b.Low, Close: b.Close}
	if b.Volume != market.NoVolume {
		v.Volume = &b.Volume
	}
	return v
}

// print shows it in 80 columns.
func (v importView) print(w io.Writer) {
	w = term.Fit(w)
	fmt.Fprintf(w, "%s\n  %s %s", v.File, v.Instrument, v.Timeframe)
	if v.From != nil {
		fmt.Fprintf(w, ", bars from %s to %s", stamp(*v.From), stamp(*v.To))
	}
	fmt.Fprintln(w)
	v.counts(w)
	for _, note := range v.Notes {
		paragraph(w, "note: "+note)
	}
	switch {
	case v.Refused != "":
		paragraph(w, "refused, nothing was stored: "+v.Refused)
	case v.Compared:
	case v.DryRun:
		paragraph(w, "dry run: nothing was stored")
	case v.Run == 0:
		paragraph(w, "there was nothing to store")
	default:
		paragraph(w, fmt.Sprintf("run %d %s: %s stored", v.Run, v.state, several(v.Stored, "bar")))
	}
}

// counts shows a line for each number that is not 0.
func (v importView) counts(w io.Writer) {
	line := func(n int64, what string) {
		if n > 0 {
			fmt.Fprintf(w, "  %11s  %s\n", term.Count(n), what)
		}
	}
	line(v.Rows, "rows")
	line(v.New, "bars that are not stored")
	reasons := make([]string, 0, len(v.Fills))
	for reason := range v.Fills {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		line(v.Fills[reason], "  of them fill gaps: "+reason)
	}
	line(v.Equal, "bars that are stored with the same prices")
	line(v.OtherVolume, "  of them with another volume, which stays as it is stored")
	line(v.Contradicting, "bars that are stored with other prices, which stay")
	for _, c := range v.Contradict {
		fmt.Fprintf(w, "               %s %s\n                 file    %s\n                 stored  %s\n", lineOf(c.Line),
			stamp(c.Start), c.Given, c.Stored)
	}
	line(v.Absent, "bars that ours does not have")
	for _, kind := range intake.Kinds() {
		line(v.Left[string(kind)], "rows left out: "+string(kind))
		for _, e := range v.Examples {
			if e.Kind == string(kind) {
				at := ""
				if e.Start != nil {
					at = stamp(*e.Start)
				}
				fmt.Fprintf(w, "               %s\n", strings.TrimSpace(lineOf(e.Line)+" "+at+" "+e.Says))
			}
		}
	}
	line(v.Repeated, "rows that the file has once more")
}

func lineOf(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("line %d", n)
}

// String is a bar in a line.
func (b barView) String() string {
	volume := "-"
	if b.Volume != nil {
		volume = strconv.FormatInt(*b.Volume, 10)
	}
	return fmt.Sprintf("%v %v %v %v, volume %s", b.Open, b.High, b.Low, b.Close, volume)
}

// paragraph writes a text in as many lines as it takes, indented.
func paragraph(w io.Writer, words string) {
	indent := 2 + len(words) - len(strings.TrimLeft(words, " "))
	screenOf(w).Lines(indent, words)
}
