package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
)

// topic is what people are told once.
type topic struct {
	slot ledger.Slot
	kind ledger.NoticeKind
}

// telling is how far this process is with a topic.
type telling string

const (
	tellingNow   telling = "now"      // a goroutine is at it, without the book
	tellingFell  telling = "fell"     // that one did not get through
	tellingOwed  telling = "owed"     // people know, the book does not
	tellingEnded telling = "recorded" // people know, and so does the book
)

// told tells whether people know.
func (t telling) told() bool { return t == tellingOwed || t == tellingEnded }

// Deliver tells a notice now, unless it was told before, by whichever process. Told is false when it was not and another
// process is at it. When the book fails, as it does on a full disk, this process tells the notice once and remembers that
// until the book can be written: told twice is better than never. It takes at most three times Timeout.
func (t *Teller) Deliver(ctx context.Context, n ledger.Notice) (told bool, err error) {
	if t == nil {
		return true, nil
	}
	about := topic{n.Slot, n.Kind}
	turn, err := t.turn(ctx, n)
	switch {
	case err != nil && ctx.Err() != nil:
		return t.memory.get(about).told(), err
	case err != nil:
		return t.deliverAlone(ctx, n, err)
	case turn == ledger.TurnTold:
		t.memory.set(about, tellingEnded)
		return true, nil
	case turn == ledger.TurnOther:
		return t.memory.get(about).told(), nil
	}
	if !t.memory.get(about).told() {
		if err := t.say(ctx, n); err != nil {
			return false, err
		}
		t.memory.set(about, tellingOwed)
	}
	t.write(ctx, about)
	return true, nil
}

// deliverAlone tells a notice without the book, unless this process did or is at it.
func (t *Teller) deliverAlone(ctx context.Context, n ledger.Notice, failed error) (told bool, err error) {
	about := topic{n.Slot, n.Kind}
	before := t.memory.change(about, func(was telling) telling {
		if was.told() {
			return was
		}
		return tellingNow
	})
	if before.told() || before == tellingNow {
		return before.told(), nil
	}
	t.Logger.WarnContext(ctx, "the book of notices failed; told all the same, perhaps by other processes too", "slot",
		n.Slot.Key(), "kind", n.Kind, "error", failed)
	if err := t.say(ctx, n); err != nil {
		t.memory.set(about, tellingFell)
		return false, errors.Join(err, failed)
	}
	t.memory.set(about, tellingOwed)
	return true, nil
}

// say tells the log and people.
func (t *Teller) say(ctx context.Context, n ledger.Notice) error {
	t.Logger.WarnContext(ctx, "notice", "slot", n.Slot.Key(), "kind", n.Kind, "text", n.Text)
	if t.Notifier == nil {
		return nil
	}
	err := t.notify.call(ctx, t.Timeout, func(ctx context.Context) error { return t.Notifier.Notify(ctx, n) })
	if err != nil {
		return fmt.Errorf("notify people that %s: %w", n.Text, err)
	}
	return nil
}

// record writes into the book what people were told while it failed, as far as it can be written now.
func (t *Teller) record(ctx context.Context) {
	if t == nil {
		return
	}
	for _, about := range t.memory.where(func(how telling) bool { return how == tellingOwed }) {
		if ctx.Err() != nil || !t.write(ctx, about) {
			return // nor can the others
		}
	}
}

// write records that people know, also while the process stops.
func (t *Teller) write(ctx context.Context, about topic) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(t.Timeout, toldTimeout))
	defer cancel()
	if err := t.Book.Told(ctx, about.slot, about.kind); err != nil {
		t.Logger.WarnContext(ctx, "people were told, the book of notices does not know it yet", "slot", about.slot.Key(), "kind",
			about.kind, "error", err)
		return false
	}
	t.memory.set(about, tellingEnded)
	return true
}

// toldTimeout bounds the word that a notice was told, which is written also while the process stops.
const toldTimeout = 2 * time.Second

func (t *Teller) turn(ctx context.Context, n ledger.Notice) (ledger.Turn, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	turn, err := t.Book.Tell(ctx, n.Slot, n.Kind, 3*t.Timeout)
	if err != nil {
		return "", fmt.Errorf("ask whose turn it is to tell that %s: %w", n.Text, err)
	}
	return turn, nil
}
