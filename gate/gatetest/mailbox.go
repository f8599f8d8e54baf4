package gatetest

import (
	"context"
	"slices"
	"sync"

	"barkeep/ledger"
	"barkeep/notify"
)

// Mailbox is a notify.Sender and a notify.Monitor that keep what they get.
type Mailbox struct {
	mu      sync.Mutex
	notices []ledger.Notice
	pings   []notify.Ping
	gone    chan struct{}
	fail    int
}

// Hang lets Notify not return before gone is closed, whatever its ctx says.
func (m *Mailbox) Hang(gone chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = gone
}

// Fail lets so many of the next notices fail.
func (m *Mailbox) Fail(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = n
}

// Notify keeps a notice.
func (m *Mailbox) Notify(_ context.Context, n ledger.Notice) error {
	m.mu.Lock()
	gone := m.gone
	m.fail--
	fail := m.fail >= 0
	if gone == nil && !fail {
		m.notices = append(m.notices, n)
	}
	m.mu.Unlock()
	if gone != nil {
		<-gone
	}
	if fail {
		return ErrDown
	}
	return nil
}

// Ping keeps a ping.
func (m *Mailbox) Ping(_ context.Context, p notify.Ping, _ ledger.Run) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pings = append(m.pings, p)
	return nil
}

// Kinds are the notices in short, sorted: "import:2026-11-22T22:05Z failed".
func (m *Mailbox) Kinds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, n := range m.notices {
		all = append(all, n.Slot.Key()+" "+string(n.Kind))
	}
	slices.Sort(all)
	return all
}

// Pings are the pings, in their order.
func (m *Mailbox) Pings() []notify.Ping {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pings)
}
