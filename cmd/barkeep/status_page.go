package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/term"
)

// statusPage is a status as people read it.
type statusPage struct {
	outlook
	pacific *time.Location
	only    []market.Instrument // none for all
	late    bool                // only series that lack something
}

// print shows a status: of an archive, or of a server, which does not tell where its archive is and how its parts stand.
func (v statusPage) print(s *term.Screen) {
	judged := v.judge()
	s.Verdict(judged.tone(), judged.word, judged.why)
	v.fields(s)
	if v.Exists != nil && !*v.Exists {
		v.sessions(s)
		return
	}
	if v.Schema != nil && (*v.Schema == 0 || *v.Schema < *v.Latest) {
		return
	}
	if v.late || len(v.only) > 0 {
		v.series(s)
		return
	}
	v.sessions(s)
	v.runs(s)
	v.series(s)
}

// fields are the lines that each say one thing.
func (v statusPage) fields(s *term.Screen) {
	now := v.Now.Time()
	s.Field("now", both(now, v.pacific))
	for _, slot := range v.today() {
		s.Field("today", slotLine(slot, now, v.pacific))
	}
	if v.Next != nil {
		next := slotNamed(*v.Next)
		s.Field("next", fmt.Sprintf("%s %s (%s), %s", next.Job, term.When(next.At, now, v.pacific), utc(next.At),
			term.Ago(next.At, now)))
	}
	for _, run := range v.Runs {
		if run.Progress != nil && (v.due == nil || v.due.Run == nil || v.due.Run.ID != run.ID) {
			s.Label(term.Waits, "running", fmt.Sprintf("run %d (%s), %s", run.ID, runOf(run).Name(),
				progressText(progressOf(*run.Progress), runOf(run), now)))
		}
	}
	for _, h := range v.HeldBack {
		s.Label(term.Bad, "held back", fmt.Sprintf("%s: %s since %s; look with %s --dry-run", h.Instrument, h.Text(),
			utc(h.First.Time()), h.Command))
	}
	v.parts(s)
	if v.Coverage != nil && v.Coverage.Expected > 0 {
		total := query.Covered{Expected: v.Coverage.Expected, Present: v.Coverage.Present, Absent: absentOf(v.Coverage.Absent)}
		s.Field("coverage", totalText(total))
	}
	if v.Exists != nil && !*v.Exists {
		return
	}
	if v.Archive != nil && v.Schema != nil && v.Latest != nil {
		s.Field("archive", fmt.Sprintf("%s (schema %d of %d)", *v.Archive, *v.Schema, *v.Latest))
	} else if v.Archive == nil {
		s.Field("worker", fmt.Sprintf("barkeep %s, %s, since %s", v.Version, v.Mode, both(v.Started.Time(), v.pacific)))
	}
}

// today are the slots of today that the verdict does not speak of: those to come, and earlier ones that are not done.
func (v statusPage) today() (slots []view.Slot) {
	for _, slot := range v.Slots {
		spoken := v.due != nil && slot.At.Time().Equal(v.due.At.Time()) && slot.Job == v.due.Job
		if slot.Job == ledger.JobImport && !spoken && slot.State != ledger.StateWaiting {
			slots = append(slots, slot)
		}
	}
	return slots
}

// parts are what a server depends on, and its clock, where they are not as they should be.
func (v statusPage) parts(s *term.Screen) {
	if v.Clock != nil && v.Clock.State != "right" && v.Clock.State != "unknown" {
		s.Field("clock", v.Clock.Detail)
	}
	for _, c := range v.Checks {
		if c.State != "ok" {
			s.Label(term.Bad, c.State, c.Name+": "+c.Reason)
		}
	}
	if v.Provider != nil && v.Provider.Fault != "" {
		s.Label(term.Bad, "provider", v.Provider.Fault+"; "+v.Provider.Remedy)
	}
	for _, u := range v.Unknown {
		s.Label(term.Bad, "unknown", u.Part+": "+u.Reason)
	}
}

func (v statusPage) sessions(s *term.Screen) {
	if len(v.Calendars) > 0 {
		fmt.Fprintln(s)
		_ = printSessions(s, v.Calendars, v.Now.Time(), v.pacific) // a terminal that is gone ends the process by itself
	}
}

// runs shows the recent runs.
func (v statusPage) runs(s *term.Screen) {
	if len(v.Runs) == 0 {
		return
	}
	fmt.Fprintln(s)
	all := make([]ledger.Run, len(v.Runs))
	for i, r := range v.Runs {
		all[i] = runOf(r)
	}
	printRuns(s, all, v.pacific)
}

// mostRows is how many series have a row of their own; of more an instrument has one.
const mostRows = 24

// series shows what is stored.
func (v statusPage) series(s *term.Screen) {
	shown := slices.DeleteFunc(slices.Clone(v.Series), func(one view.Series) bool { return !v.shows(one) })
	fmt.Fprintln(s)
	switch {
	case v.late:
		v.lacks(s)
	case len(shown) == 0:
		fmt.Fprintln(s, "0 series are stored"+map[bool]string{true: " of these instruments"}[len(v.only) > 0])
	case len(shown) > mostRows && len(v.only) == 0:
		v.grouped(s, shown)
	default:
		t := term.NewTable(term.Text("series"), term.Number("bars"), term.Text("oldest (UTC)").Sparing(1),
			term.Text("newest bar (UTC)"), term.Number("age"))
		for _, one := range shown {
			t.Row(v.named(one), one.Bars, plainUTC(one.Oldest.Time()), plainUTC(one.Newest.Time()), v.ago(one.Newest.Time()))
		}
		s.Table(t)
	}
}

// named is the name of a series, in red where it lacks something.
func (v statusPage) named(one view.Series) term.Cell {
	series := market.Series{Instrument: one.Instrument, Timeframe: one.Timeframe}
	if slices.ContainsFunc(v.lacking, func(l lackSeries) bool { return l.Series == series }) {
		return term.Cell{Text: series.String(), Tone: term.Bad}
	}
	return term.Cell{Text: series.String()}
}

func (v statusPage) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return term.Ago(t, v.Now.Time())
}

// shows tells whether the flags want a series.
func (v statusPage) shows(one view.Series) bool {
	if len(v.only) > 0 && !slices.ContainsFunc(v.only, func(i market.Instrument) bool { return i.Name == one.Instrument }) {
		return false
	}
	series := market.Series{Instrument: one.Instrument, Timeframe: one.Timeframe}
	return !v.late || slices.ContainsFunc(v.lacking, func(l lackSeries) bool { return l.Series == series })
}

// grouped shows a row an instrument, those that lack something first.
func (v statusPage) grouped(s *term.Screen, shown []view.Series) {
	type sum struct {
		name           string
		series, lacks  int
		bars           int64
		oldest, newest time.Time
	}
	var sums []*sum
	for _, one := range shown {
		if len(sums) == 0 || sums[len(sums)-1].name != one.Instrument {
			sums = append(sums, &sum{name: one.Instrument, oldest: one.Oldest.Time()})
		}
		g := sums[len(sums)-1]
		g.series, g.bars = g.series+1, g.bars+one.Bars
		if at := one.Newest.Time(); at.After(g.newest) {
			g.newest = at
		}
		if at := one.Oldest.Time(); !at.IsZero() && (g.oldest.IsZero() || at.Before(g.oldest)) {
			g.oldest = at
		}
		if v.named(one).Tone == term.Bad {
			g.lacks++
		}
	}
	slices.SortStableFunc(sums, func(a, b *sum) int { return min(b.lacks, 1) - min(a.lacks, 1) })
	t := term.NewTable(term.Text("instrument"), term.Number("series"), term.Number("lacking"),
		term.Number("bars"), term.Text("oldest (UTC)").Sparing(1), term.Text("newest bar (UTC)"),
		term.Number("age"))
	for _, g := range sums {
		lacks, name := term.Cell{}, term.Cell{Text: g.name}
		if g.lacks > 0 {
			lacks, name.Tone = term.Cell{Text: term.Count(g.lacks), Tone: term.Bad}, term.Bad
		}
		t.Row(name, g.series, lacks, g.bars, plainUTC(g.oldest), plainUTC(g.newest), v.ago(g.newest))
	}
	s.Table(t)
	fmt.Fprintf(s, "%s of %s; --instrument shows each\n", term.Several(len(shown), "series"), term.Several(len(sums), "instrument"))
}

// lacks shows the series that lack something, and why.
func (v statusPage) lacks(s *term.Screen) {
	t := term.NewTable(term.Text("series"), term.Number("missing"), term.Text("newest bar (UTC)"),
		term.Number("age"))
	for _, l := range v.lacking {
		one := view.Series{Instrument: l.Instrument, Timeframe: l.Timeframe}
		if !v.shows(one) {
			continue
		}
		for _, stored := range v.Series {
			if stored.Instrument == l.Instrument && stored.Timeframe == l.Timeframe {
				one = stored
			}
		}
		bars := ""
		if l.bars > 0 {
			bars = term.Several(l.bars, "bar")
		}
		t.Row(term.Cell{Text: l.Series.String(), Tone: term.Bad}, bars, plainUTC(one.Newest.Time()), v.ago(one.Newest.Time())).
			Note(strings.TrimSpace(l.why))
	}
	if t.Len() == 0 {
		s.Lines(0, "no series is known to lack anything")
		return
	}
	s.Table(t)
	s.Lines(0, "barkeep coverage --gaps says when they are asked for again, and until when the provider has them")
}

// slotLine is how a slot of today stands.
func slotLine(v view.Slot, now time.Time, pacific *time.Location) string {
	slot := slotNamed(v.NamedSlot)
	line := fmt.Sprintf("%s %s (%s): %s", slot.Job, term.When(slot.At, now, pacific), utc(slot.At), v.State)
	if v.Run != nil {
		line += fmt.Sprintf(", run %d", v.Run.ID)
		if v.Run.Reason != "" {
			line += "; " + brief(v.Run.Reason, 250)
		}
	}
	return line
}

// both shows an instant in UTC and in Pacific time.
func both(t time.Time, pacific *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	there := t.In(pacific)
	layout := "15:04 MST"
	if t.UTC().Day() != there.Day() {
		layout = "Mon 15:04 MST"
	}
	return utc(t) + " = " + there.Format(layout)
}

// plainUTC is an instant in a column whose name says that it is in UTC.
func plainUTC(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
