package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server/view"
	"barkeep/term"
)

// The words of a verdict.
const (
	fine    = "fine"    // the data is there, and somebody sees to the next slot
	running = "running" // the newest due slot is being imported
	late    = "late"    // its time has come, it is not done, and it is tried again
	missing = "missing" // data is not there, and does not come by itself soon
	warning = "warning" // the data is there; something else is wrong
	unknown = "unknown" // nobody can tell
)

// verdict is how an archive stands, in a word, and why.
type verdict struct {
	word string
	why  string
}

// tone is the colour of the word.
func (v verdict) tone() term.Tone {
	switch v.word {
	case fine:
		return term.Good
	case missing, unknown:
		return term.Bad
	default:
		return term.Waits
	}
}

// outlook is all that a verdict is found by.
type outlook struct {
	view.Status
	due     *view.Slot   // the newest slot of the import whose time has come; nil for none
	lacking []lackSeries // series that lack what they should have
	alone   string       // why nobody is known to see to the next slot; empty where a worker does
}

// lackSeries is a series that lacks something.
type lackSeries struct {
	market.Series
	bars int64 // that are known to be missing; 0 where the run tells
	why  string
}

// judge finds the verdict. Fine is what is left when all is proved: the ledger has the newest due slot as done for every kept
// series, coverage knows of no bar that should have come, the clock by which slots are due can be believed, and a worker
// answers.
func (o *outlook) judge() verdict {
	for _, find := range []func() (verdict, bool){o.unreadable, o.clockWrong, o.notDone, o.lacks, o.unsure} {
		if v, found := find(); found {
			return v
		}
	}
	return verdict{fine, o.done()}
}

// unreadable is the verdict where there is nothing that could be judged.
func (o *outlook) unreadable() (verdict, bool) {
	switch {
	case o.Exists != nil && !*o.Exists:
		return verdict{missing, fmt.Sprintf("there is no archive at %s yet: barkeep sync makes it", *o.Archive)}, true
	case o.Schema != nil && *o.Schema == 0:
		return verdict{missing, "the archive is empty: barkeep sync fills it"}, true
	case o.Schema != nil && *o.Schema > *o.Latest:
		return verdict{unknown, fmt.Sprintf("the archive has schema %d of a newer release, and this one knows %d: use that release to "+
			"tell how it stands", *o.Schema, *o.Latest)}, true
	case o.Schema != nil && *o.Schema < *o.Latest:
		return verdict{unknown, fmt.Sprintf("the archive has schema %d of an earlier release, and this one reads %d: barkeep migrate, "+
			"or the next sync or serve, brings it up to date", *o.Schema, *o.Latest)}, true
	}
	for _, c := range o.Checks {
		if c.Needed && c.Name == "database" && c.State != "ok" {
			return verdict{unknown, "the worker's database does not answer: " + c.Reason}, true
		}
	}
	if len(o.Unknown) > 0 {
		return verdict{unknown, fmt.Sprintf("%s could not be read: %s", o.Unknown[0].Part, o.Unknown[0].Reason)}, true
	}
	return verdict{}, false
}

// clockWrong is the verdict where the clock is in doubt, by which slots are due.
func (o *outlook) clockWrong() (verdict, bool) {
	now := o.Now.Time()
	if c := o.Clock; c != nil && (c.State == "stopped" || c.State == "warned") {
		return verdict{unknown, fmt.Sprintf("the clock is in doubt, by which slots are due: %s; %s", c.Detail, c.Remedy)}, true
	}
	const slack = 2 * time.Minute
	for _, run := range o.Runs {
		if run.Started.Time().After(now.Add(slack)) {
			return verdict{unknown, fmt.Sprintf("the clock is in doubt, by which slots are due: it shows %s, and run %d began at %s",
				utc(now), run.ID, utc(run.Started.Time()))}, true
		}
	}
	for _, s := range o.Series {
		if s.Newest.Time().After(now.Add(slack)) {
			return verdict{unknown, fmt.Sprintf("the clock is in doubt, by which slots are due: it shows %s, and there is a bar of %s %s "+
				"from %s", utc(now), s.Instrument, s.Timeframe, utc(s.Newest.Time()))}, true
		}
	}
	return verdict{}, false
}

// notDone is the verdict where the newest due slot has no finished import.
func (o *outlook) notDone() (verdict, bool) {
	due := o.due
	if due == nil {
		return verdict{unknown, "no slot of the import has come yet"}, true
	}
	name := o.slotName(due.NamedSlot)
	switch {
	case due.Done:
		return verdict{}, false
	case due.State == ledger.StateRunning:
		return verdict{running, name + ", " + o.under(due)}, true
	case due.State == ledger.StateMissed:
		return verdict{missing, name + " was missed, and nothing tries it again: barkeep sync gets what the provider still has"}, true
	case due.Run == nil && due.Ended:
		return verdict{missing, name + " was never run: barkeep sync gets what the provider still has"}, true
	case due.Run == nil:
		return verdict{late, fmt.Sprintf("%s was due %s and nothing has run it%s", name, term.Ago(due.At.Time(), o.Now.Time()),
			o.helped())}, true
	case due.Ended:
		return verdict{missing, fmt.Sprintf("%s ended %s: %s", name, due.State, o.reason(due))}, true
	case due.State == ledger.StateDue:
		return verdict{late, fmt.Sprintf("%s is not done for all that is kept: %s%s", name, due.Run.Reason, o.helped())}, true
	default:
		ago := term.Ago(due.Run.Finished.Time(), o.Now.Time())
		return verdict{late, fmt.Sprintf("%s is %s, its last attempt ended %s: %s%s", name, due.State, ago, o.reason(due),
			o.helped())}, true
	}
}

// under tells how far the run of a slot is.
func (o *outlook) under(due *view.Slot) string {
	if due.Run == nil {
		return "just begun"
	}
	for _, run := range o.Runs {
		if run.ID == due.Run.ID && run.Progress != nil {
			return progressText(progressOf(*run.Progress), runOf(run), o.Now.Time())
		}
	}
	return "begun " + term.Ago(due.Run.Started.Time(), o.Now.Time())
}

// reason is why a slot is not done: how many series went well, and the first that did not.
func (o *outlook) reason(due *view.Slot) string {
	if e := due.Evidence; e != nil && len(e.Problems) > 0 {
		first, others := e.Problems[0], ""
		if n := len(e.Problems) - 1; n > 0 {
			others = fmt.Sprintf(" and %d more", n)
		}
		return fmt.Sprintf("%d of %s went well, not %s %s (%s: %s)%s", e.Series-len(e.Problems), term.Several(e.Series, "series"),
			first.Instrument, first.Timeframe, first.State, brief(first.Reason, 160), others)
	}
	if due.Run != nil && due.Run.Reason != "" {
		return brief(due.Run.Reason, 200)
	}
	return "no reason is noted"
}

// helped says who tries again what is late.
func (o *outlook) helped() string {
	if o.alone != "" {
		return "; " + o.alone + ": barkeep sync runs it now"
	}
	return "; it is tried again by itself"
}

// lacks is the verdict where bars should have come and did not.
func (o *outlook) lacks() (verdict, bool) {
	if len(o.lacking) == 0 {
		return verdict{}, false
	}
	var bars int64
	for _, l := range o.lacking {
		bars += l.bars
	}
	first := o.lacking[0]
	text := fmt.Sprintf("%s of %s, first %s (%s): barkeep status --late lists them", term.Several(bars, "bar"),
		term.Several(len(o.lacking), "series"), first.Series, first.why)
	return verdict{missing, text}, true
}

// unsure is the verdict where the data is there and something else is wrong.
func (o *outlook) unsure() (verdict, bool) {
	there := func(what string, values ...any) (verdict, bool) {
		return verdict{warning, o.done() + ", but " + fmt.Sprintf(what, values...)}, true
	}
	if len(o.HeldBack) > 0 {
		h := o.HeldBack[0]
		return there("answers for %s are held back: look with %s --dry-run", h.Instrument, h.Command)
	}
	if o.Provider != nil && o.Provider.Fault != "" {
		return there("the provider does not answer: %s; %s", o.Provider.Fault, o.Provider.Remedy)
	}
	for _, c := range o.Checks {
		if c.State != "ok" {
			return there("%s is %s: %s", c.Name, c.State, c.Reason)
		}
	}
	if o.alone != "" {
		return there("%s: nothing is known to run the next slot (barkeep serve does, and so does cron with barkeep sync)", o.alone)
	}
	return verdict{}, false
}

// done says what is done.
func (o *outlook) done() string {
	text := o.slotName(o.due.NamedSlot) + " is done"
	switch e := o.due.Evidence; {
	case e == nil || e.Series == 0:
	case e.Series == 1:
		text += ", 1 series"
	default:
		text += fmt.Sprintf(", all %s", term.Several(e.Series, "series"))
	}
	return text
}

// slotName is a slot as people call it: "the import of today 14:05 PST".
func (o *outlook) slotName(v view.NamedSlot) string {
	slot := slotNamed(v)
	return fmt.Sprintf("the %s of %s", slot.Job, term.When(slot.At, o.Now.Time(), slot.Local().Location()))
}

// lackingOf are the series that lack something: those that the newest due slot did not get, and those of which coverage knows
// bars that should have come. Of a slot that is being run it is not known yet.
func lackingOf(due *view.Slot, coverage []view.Coverage) (all []lackSeries) {
	seen := map[market.Series]bool{}
	if due != nil && due.Evidence != nil && due.State != ledger.StateRunning {
		for _, p := range due.Evidence.Problems {
			series := market.Series{Instrument: p.Instrument, Timeframe: market.Timeframe(p.Timeframe)}
			seen[series] = true
			all = append(all, lackSeries{Series: series, why: string(p.State) + ": " + p.Reason})
		}
	}
	for _, c := range coverage {
		var bars int64
		var why []string
		for _, reason := range []market.GapReason{market.GapFailed, market.GapLate, market.GapNotFetched} {
			if n := c.Absent[reason]; n > 0 {
				bars, why = bars+n, append(why, string(reason))
			}
		}
		switch series := nameOf(c); {
		case bars == 0:
		case seen[series]:
			i := slices.IndexFunc(all, func(l lackSeries) bool { return l.Series == series })
			all[i].bars = bars
		default:
			all = append(all, lackSeries{series, bars, strings.Join(why, ", ")})
		}
	}
	slices.SortStableFunc(all, func(a, b lackSeries) int { return a.Series.Compare(b.Series) })
	return all
}

// brief is a text of at most so many characters, which ends with a word.
func brief(words string, most int) string {
	runes := []rune(words)
	if len(runes) <= most {
		return words
	}
	cut := string(runes[:most])
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + " ..."
}

// utc is an instant in UTC.
func utc(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
