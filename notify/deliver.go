package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"barkeep/ledger"
)

// Deliver tells a notice now, unless it was told before, by whichever process. Told is false when it was not and another
// process is at it. When the ledger of notices fails, as it does on a full disk, this process tells the notice once and
// remembers that until the ledger can be written: told twice is better than never. It takes at most three times Timeout.
func (d *Dispatcher) Deliver(ctx context.Context, n ledger.Notice) (told bool, err error) {
	about := topic{n.Subject(), n.Kind.Topic()}
	if n.Kind == ledger.NoticeMended {
		if known, err := d.knowOfIncident(ctx, n.Subject()); err != nil || !known {
			return err == nil, err
		}
	}
	turn, err := d.turn(ctx, n)
	switch {
	case err != nil && ctx.Err() != nil:
		return d.memory.get(about).told(), err
	case err != nil:
		return d.deliverAlone(ctx, n, err)
	case turn == ledger.TurnTold:
		d.memory.set(about, deliveryRecorded)
		return true, nil
	case turn == ledger.TurnOther:
		return d.memory.get(about).told(), nil
	}
	// What the ledger knew and does not know any more was forgotten by another process: it has come again.
	if d.memory.get(about) != deliveryUnrecorded {
		if err := d.send(ctx, n); err != nil {
			return false, err
		}
		d.memory.set(about, deliveryUnrecorded)
	}
	d.record(ctx, about)
	return true, nil
}

// knowOfIncident tells whether people were told that something is wrong with a subject: else that it is mended is no news.
func (d *Dispatcher) knowOfIncident(ctx context.Context, subject string) (bool, error) {
	incident := ledger.NoticeFailed.Topic()
	if d.memory.get(topic{subject, incident}).told() {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	told, err := d.Notices.ToldOf(ctx, incident)
	if err != nil {
		return false, fmt.Errorf("ask whether people know that something was wrong with %s: %w", subject, err)
	}
	return slices.Contains(told, subject), nil
}

// Forget lets a notice be told once more, by any process, should what it is about come again.
func (d *Dispatcher) Forget(ctx context.Context, subject string, kind ledger.NoticeKind) error {
	ctx, cancel := context.WithTimeout(ctx, min(d.Timeout, toldTimeout))
	defer cancel()
	if err := d.Notices.Forget(ctx, subject, kind); err != nil {
		return err
	}
	d.memory.forget(topic{subject, kind})
	return nil
}

// deliverAlone tells a notice without the ledger, unless this process did or is at it.
func (d *Dispatcher) deliverAlone(ctx context.Context, n ledger.Notice, failed error) (told bool, err error) {
	about := topic{n.Subject(), n.Kind.Topic()}
	if before := d.memory.begin(about); before.told() || before == deliveryRunning {
		return before.told(), nil
	}
	d.Logger.WarnContext(ctx, "the ledger of notices failed; told all the same, perhaps by other processes too", "about",
		n.About(), "kind", n.Kind, "error", failed)
	if err := d.send(ctx, n); err != nil {
		d.memory.set(about, deliveryFailed)
		return false, errors.Join(err, failed)
	}
	d.memory.set(about, deliveryUnrecorded)
	return true, nil
}

// send tells the log and people.
func (d *Dispatcher) send(ctx context.Context, n ledger.Notice) error {
	level := slog.LevelWarn
	if n.Kind == ledger.NoticeMended {
		level = slog.LevelInfo
	}
	d.Logger.Log(ctx, level, "notice", "about", n.About(), "kind", n.Kind, "text", n.Text)
	if d.Sender == nil {
		return nil
	}
	err := d.notify.call(ctx, d.Timeout, func(ctx context.Context) error { return d.Sender.Notify(ctx, n) })
	if err != nil {
		return fmt.Errorf("notify people that %s: %w", n.Text, err)
	}
	return nil
}

// Record writes into the ledger what people were told while it failed, as far as it can be written now.
func (d *Dispatcher) Record(ctx context.Context) {
	for _, about := range d.memory.unrecorded() {
		if ctx.Err() != nil || !d.record(ctx, about) {
			return // nor can the others
		}
	}
}

// record writes that people know, also while the process stops.
func (d *Dispatcher) record(ctx context.Context, about topic) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(d.Timeout, toldTimeout))
	defer cancel()
	if err := d.Notices.Told(ctx, about.subject, about.kind); err != nil {
		d.Logger.WarnContext(ctx, "people were told, the ledger of notices does not know it yet",
			"about", about.subject, "kind", about.kind, "error", err)
		return false
	}
	d.memory.set(about, deliveryRecorded)
	return true
}

// toldTimeout bounds the record that a notice was told, which is written also while the process stops.
const toldTimeout = 2 * time.Second

func (d *Dispatcher) turn(ctx context.Context, n ledger.Notice) (ledger.Turn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	turn, err := d.Notices.Turn(ctx, n.Subject(), n.Kind.Topic(), 3*d.Timeout)
	if err != nil {
		return "", fmt.Errorf("ask whose turn it is to tell that %s: %w", n.Text, err)
	}
	return turn, nil
}
