package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/ledger"
	"barkeep/tasks"
)

// DefaultTimeout is how long one URL is waited for unless a Config says otherwise.
const DefaultTimeout = 10 * time.Second

// Sentinel errors of this package.
var (
	// ErrURL means that a URL cannot be used. The text names its place, its service and what is accepted.
	ErrURL = errors.New("unusable URL")
	// ErrUndelivered means that a notice or ping did not get through, as far as is known.
	ErrUndelivered = errors.New("not delivered")
)

// Config says whom a Notifier tells. URLs is required.
type Config struct {
	// URLs are those of NOTIFY_URLS, in shoutrrr's form: ntfy://host/topic, discord://token@id, generic+https://host/path.
	URLs []string
	// Link is where people see more, as the last line of every notice; empty for none.
	Link string
	// Timeout bounds the wait for one URL, whatever the context allows; 0 for DefaultTimeout.
	Timeout time.Duration
}

// Notifier sends notices to all its URLs. Its methods may be called from several goroutines at once.
//
// Most services of shoutrrr take no context, and some (mail, Telegram, webhooks) wait for an answer without a bound. So each
// sending has a goroutine of its own; one that does not return when its time is over is left behind, and at most
// sendingsPerURL of a URL are on their way at any time: further notices to it fail at once. Close waits for those that were
// left behind.
type Notifier struct {
	targets []*target
	link    string
	timeout time.Duration
	sends   *tasks.Group
}

// New checks all URLs, without asking anybody over the network. All that is wrong is reported at once, in errors that wrap
// ErrURL and show no part of a URL but the name of its service.
func New(c Config) (*Notifier, error) {
	if len(c.URLs) == 0 {
		return nil, fmt.Errorf("%w: NOTIFY_URLS is empty, accepted is one or several such as ntfy://ntfy.sh/topic", ErrURL)
	}
	if c.Timeout < 0 {
		return nil, fmt.Errorf("notifier: Timeout %s must not be negative", c.Timeout)
	}
	n := &Notifier{link: c.Link, timeout: cmp.Or(c.Timeout, DefaultTimeout), sends: tasks.New(context.Background())}
	var wrong []error
	first := make(map[string]int, len(c.URLs))
	for i, address := range c.URLs {
		t, err := newTarget(i+1, address)
		switch before, twice := first[address]; {
		case err != nil:
			wrong = append(wrong, err)
		case twice:
			wrong = append(wrong, fmt.Errorf("%w: %s is the same as entry %d", ErrURL, t.name, before))
		}
		first[address] = i + 1
		n.targets = append(n.targets, t)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return n, nil
}

// Notify sends a notice to every URL, to all at the same time, and returns when each has answered or its time is over. The
// errors of all that failed are joined; each wraps ErrUndelivered, and what ended ctx where that was the reason. When a
// notice of the same slot and kind is told again after a failure, the URLs that have it are left out.
func (n *Notifier) Notify(ctx context.Context, notice ledger.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	m := n.message(notice)
	results := make([]<-chan error, len(n.targets))
	for i, t := range n.targets {
		results[i] = n.send(t, m)
	}
	wrong := make([]error, 0, len(results))
	for i, result := range results {
		wrong = append(wrong, wait(ctx, n.targets[i].name, result))
	}
	return errors.Join(wrong...)
}

// message is what is sent of a notice.
func (n *Notifier) message(notice ledger.Notice) message {
	m := message{
		key: notice.Subject() + " " + string(notice.Kind.Topic()), title: title(notice), text: text(notice),
	}
	if !notice.Since.IsZero() {
		m.key += notice.Since.UTC().Format(" " + time.RFC3339Nano)
	}
	if n.link != "" {
		m.text += "\n" + n.link
	}
	return m
}

// send begins to send a message; the channel gives what came of it.
func (n *Notifier) send(t *target, m message) <-chan error {
	result := make(chan error, 1)
	switch {
	case t.has(m.key):
		result <- nil
	case !t.begin():
		result <- errBusy
	default:
		began := n.sends.Start(func(context.Context) {
			defer t.end()
			result <- t.deliver(m)
		})
		if !began {
			t.end()
			result <- errClosed
		}
	}
	return result
}

// wait waits for a result, and writes what is wrong without a secret.
func wait(ctx context.Context, name string, result <-chan error) error {
	select {
	case err := <-result:
		return undelivered(name, err)
	default:
	}
	select {
	case err := <-result:
		return undelivered(name, err)
	case <-ctx.Done():
		return undelivered(name, ctx.Err())
	}
}

// Close refuses further notices and waits for those on their way, also for the ones that were left behind. When ctx ends
// first, the error says so: the rest ends with its server's patience, or with the process. Close may be called again.
func (n *Notifier) Close(ctx context.Context) error {
	if !n.sends.Wait(ctx) {
		return fmt.Errorf("notices are still on their way: %w", context.Cause(ctx))
	}
	return nil
}
