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

// text is what happened, the evidence, and what to do, a line each.
func text(n ledger.Notice) string {
	name, utc := names(n)
	what := fmt.Sprintf("The %s%s %s", strings.TrimPrefix(name, "the "), utc, verb(n.Kind))
	if why := clean(n.Run.Reason); why != "" {
		what += ": " + why
	} else if n.Run.ID == 0 && n.Text != "" {
		what += ": " + clean(n.Text)
	}
	lines := []string{what}
	if n.Run.ID != 0 {
		lines = append(lines, runEvidence(n))
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

// runEvidence tells which run it is about.
func runEvidence(n ledger.Notice) string {
	r := n.Run
	text := fmt.Sprintf("Run %d, attempt %d", r.ID, r.Attempt)
	if r.Host != "" {
		text += fmt.Sprintf(", process %d on %s", r.PID, clean(r.Host))
	}
	zone := n.Slot.Local().Location()
	if !r.Started.IsZero() {
		text += ", began " + r.Started.In(zone).Format("2006-01-02 15:04:05 MST")
	}
	if !r.Finished.IsZero() {
		text += ", ended " + r.Finished.In(zone).Format("2006-01-02 15:04:05 MST")
	}
	return text + "."
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
		return "It is tried again until the next slot. See why with `barkeep runs`; try now with `" + sync + "`."
	case ledger.NoticePartial:
		return "What was stored is kept; the failed series alone are tried again until the next slot. See them with " +
			"`barkeep runs`."
	case ledger.NoticeAbandoned:
		return "Its process died, or could not record its end, and another took over; what was stored is kept. Should this come " +
			"again, look for why the process ends: memory, restarts, power, a full disk."
	case ledger.NoticeMissed, ledger.NoticeSeveral:
		return "There is no new data of this slot. Get now what the provider still has with `" + sync + "`; see " +
			"`barkeep status`."
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
