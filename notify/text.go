package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"barkeep/ledger"
)

// longest is how many characters of a run's reason are told: services refuse messages of 2,000 and more.
const longest = 600

// title is one line: "Barkeep: import of 2026-11-22 14:05 PST failed".
func title(n ledger.Notice) string {
	name, _ := names(n)
	return "Barkeep: " + name + " " + verb(n.Kind)
}

// text is what happened and why, since when, and what to do, a line each.
func text(n ledger.Notice) string {
	name, utc := names(n)
	what := fmt.Sprintf("The %s%s %s", strings.TrimPrefix(name, "the "), utc, verb(n.Kind))
	switch why := clean(n.Run.Reason); {
	case n.Kind == ledger.NoticeTest:
		what = clean(n.Text)
	case n.Kind == ledger.NoticeMended:
	case why != "":
		what += ": " + why
	case n.Run.ID == 0 && n.Text != "":
		what += ": " + clean(n.Text)
	}
	lines := []string{what}
	if n.Run.ID != 0 {
		lines = append(lines, since(n))
	}
	return strings.Join(append(lines, advice(n)), "\n")
}

// names is how people call what a notice is about, and its time in UTC where it is a slot whose time is known: "import of
// 2026-11-22 14:05 PST" and " (22:05 UTC)".
func names(n ledger.Notice) (name, utc string) {
	at := n.Slot.Local()
	switch {
	case n.Name != "":
		return n.Name, ""
	case n.Slot.At.IsZero():
		return fmt.Sprintf("%s of %s", n.Slot.Job, n.Slot.When()), ""
	}
	layout := "15:04"
	if at.UTC().Format(time.DateOnly) != at.Format(time.DateOnly) {
		layout = time.DateOnly + " " + layout
	}
	return fmt.Sprintf("%s of %s", n.Slot.Job, at.Format("2006-01-02 15:04 MST")), " (" + at.UTC().Format(layout) + " UTC)"
}

// since tells from when on it is so, and by which run.
func since(n ledger.Notice) string {
	r, zone := n.Run, n.Slot.Local().Location()
	at := r.Finished
	if at.IsZero() {
		at = r.Started
	}
	text := fmt.Sprintf("Run %d, attempt %d", r.ID, r.Attempt)
	if r.Host != "" {
		text += " on " + clean(r.Host)
	}
	if at.IsZero() {
		return text + "."
	}
	return fmt.Sprintf("Since %s (%s).", at.In(zone).Format("2006-01-02 15:04 MST"), "r"+strings.TrimPrefix(text, "R"))
}

// verb is what happened to a slot.
func verb(kind ledger.NoticeKind) string {
	switch kind {
	case ledger.NoticeFailed:
		return "failed"
	case ledger.NoticePartial:
		return "is partial"
	case ledger.NoticeAbandoned:
		return "was abandoned"
	case ledger.NoticeMended:
		return "is there now"
	case ledger.NoticeTest:
		return "works"
	case ledger.NoticeMissed:
		return "was missed"
	case ledger.NoticeSeveral:
		return "and others before it were missed"
	case ledger.NoticeClock, ledger.NoticeClockStops:
		return "is off"
	case ledger.NoticeHeld:
		return "are held back"
	case ledger.NoticeAltered:
		return "are not what they were"
	default:
		return "is " + clean(string(kind))
	}
}

// advice is what to do about it.
func advice(n ledger.Notice) string {
	sync := "barkeep sync"
	if n.Slot.Job == ledger.JobMaintenance {
		sync += " --maintenance"
	}
	switch n.Kind {
	case ledger.NoticeFailed:
		return fmt.Sprintf("Nothing to do yet: it is tried again by itself until the next slot, and you are told when it is there. "+
			"If it lasts: `barkeep runs %d`.", n.Run.ID)
	case ledger.NoticePartial:
		return fmt.Sprintf("Nothing to do yet: what came is stored, the rest is tried again by itself until the next slot, and you "+
			"are told when it is there. If it lasts: `barkeep runs %d`.", n.Run.ID)
	case ledger.NoticeAbandoned:
		return "Its process died, or could not record its end; what was stored is kept, and another one goes on. Should this come " +
			"again, look for what ends the process: memory, restarts, power, a full disk."
	case ledger.NoticeMissed, ledger.NoticeSeveral:
		return "Nothing tries it again. Get now what the provider still has: `" + sync + "`."
	case ledger.NoticeMended:
		return "Nothing is left to do."
	case ledger.NoticeTest:
		return "Nothing happened, and nothing is to be done."
	case ledger.NoticeClock, ledger.NoticeClockStops:
		return "Set the clock of the machine, and have it kept right. A clock that is 2 minutes off or more runs nothing until it is " +
			"right; see `barkeep doctor`. This is not told again before the clock was right."
	case ledger.NoticeHeld:
		return "Nothing of these answers is stored, and what is stored stays as it is; the rest goes on. Whatever is held back is in " +
			"`barkeep status`. This is not told again while it lasts."
	case ledger.NoticeAltered:
		return "Something wrote over stored bars, or they are damaged: find out what before you restore a backup. This is not told " +
			"again while it lasts."
	default:
		return "See `barkeep status`."
	}
}

// clean makes a text fit for one line of a message.
func clean(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsControl(r) || r == ' '
	}), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "..."
	}
	return text
}
