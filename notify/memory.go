package notify

import (
	"sync"

	"barkeep/ledger"
)

// topic is what people are told once.
type topic struct {
	subject string
	kind    ledger.NoticeKind
}

// delivery is how far this process is with a topic; empty when it has not begun.
type delivery string

const (
	deliveryRunning    delivery = "running"    // a goroutine is at it, without the ledger
	deliveryFailed     delivery = "failed"     // that one did not get through
	deliveryUnrecorded delivery = "unrecorded" // people know, the ledger does not
	deliveryRecorded   delivery = "recorded"   // people know, and so does the ledger
)

// told tells whether people know.
func (d delivery) told() bool { return d == deliveryUnrecorded || d == deliveryRecorded }

// memory is how far this process is with each topic. It grows by what people are told: a few topics a day at worst.
type memory struct {
	mu     sync.Mutex
	topics map[topic]delivery
}

func newMemory() *memory { return &memory{topics: map[topic]delivery{}} }

func (m *memory) get(about topic) delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.topics[about]
}

func (m *memory) set(about topic, how delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.topics[about] = how
}

// begin takes a topic unless people know or another goroutine is at it, in one step. It returns how it was before.
func (m *memory) begin(about topic) delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.topics[about]
	if !before.told() {
		m.topics[about] = deliveryRunning
	}
	return before
}

// unrecorded lists what people know and the ledger does not, in any order.
func (m *memory) unrecorded() []topic {
	m.mu.Lock()
	defer m.mu.Unlock()
	var topics []topic
	for about, how := range m.topics {
		if how == deliveryUnrecorded {
			topics = append(topics, about)
		}
	}
	return topics
}

// forget lets a topic be told again.
func (m *memory) forget(about topic) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.topics, about)
}
