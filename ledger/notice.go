package ledger

import (
	"fmt"
	"time"
)

// NoticeKind is what people are told about a slot, or about something else that has a name, once for each kind.
type NoticeKind string

// The kinds of notices.
const (
	NoticeFailed     NoticeKind = "failed"      // an attempt failed; it is tried again until the next slot
	NoticePartial    NoticeKind = "partial"     // some series failed; they alone are tried again
	NoticeAbandoned  NoticeKind = "abandoned"   // the process that ran the slot died or could not record its end; another took over
	NoticeMissed     NoticeKind = "missed"      // the slot is long due, or over, without a finished run
	NoticeClock      NoticeKind = "clock"       // the clock of a machine is off; told again only after it was right meanwhile
	NoticeClockStops NoticeKind = "clock stops" // likewise, so far off that nothing is run
	NoticeSeveral    NoticeKind = "several"     // this slot and others before it are over without a finished run
	NoticeMended     NoticeKind = "mended"      // the slot is done, after people were told that it was not
	NoticeTest       NoticeKind = "test"        // nothing happened: somebody tries whether notices arrive
	NoticeHeld       NoticeKind = "held back"   // answers contradict what is stored of an instrument; told once while that lasts
	NoticeAltered    NoticeKind = "altered"     // stored bars became others, and nothing explains it; told once while that lasts
)

// noticeIncident stands for whatever goes wrong with a slot: people are told once that it does, and once that it is mended.
const noticeIncident NoticeKind = "incident"

// Topic is what of all that there is to say of a subject people are told once: of a slot, that something is wrong with it,
// whether it fails, is partial, is abandoned or is missed in the end; else the kind itself.
func (k NoticeKind) Topic() NoticeKind {
	switch k {
	case NoticeFailed, NoticePartial, NoticeAbandoned, NoticeMissed, NoticeSeveral:
		return noticeIncident
	default:
		return k
	}
}

// Notice is one thing to tell people.
type Notice struct {
	Kind NoticeKind
	Slot Slot   // the zero Slot when it is not about one
	Name string // what it is about that is no slot
	Run  Run    // the run it is about; its ID is 0 when there is none
	Text string
	// Since is when what it is about began, where the same may come again under one name; a second one is another notice.
	Since time.Time
}

// Subject is what the notice is about, as a key.
func (n Notice) Subject() string {
	if n.Name != "" {
		return n.Name
	}
	return n.Slot.Key()
}

// About is what the notice is about, for people.
func (n Notice) About() string {
	if n.Name != "" {
		return n.Name
	}
	return n.Slot.String()
}

// NewNotice puts a notice about a run into words; the run's ID is 0 when there is none.
func NewNotice(kind NoticeKind, slot Slot, run Run) Notice {
	text := fmt.Sprintf("%s: %s", slot, kind)
	if run.ID != 0 {
		text += fmt.Sprintf(", run %d, attempt %d on %s", run.ID, run.Attempt, run.Host)
	}
	if run.Reason != "" {
		text += ": " + run.Reason
	}
	return Notice{Kind: kind, Slot: slot, Run: run, Text: text}
}

// Turn is whose turn it is to tell a notice.
type Turn string

// The turns.
const (
	TurnMine  Turn = "mine"  // the caller tells it, and then says that it is told
	TurnOther Turn = "other" // another process is telling it; should it die, the turn ends by itself
	TurnTold  Turn = "told"  // it was told
)
