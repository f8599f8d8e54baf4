package gate

import (
	"sync"

	"barkeep/ledger"
)

// recentMost is how many slots a process remembers: those of months, with any number of slots a day that makes sense.
const recentMost = 1024

// recent remembers for the newest slots which run the ledger had as done. What it forgets costs a question to the ledger.
type recent struct {
	mu     sync.Mutex
	proofs map[ledger.SlotID]proof
	slots  []ledger.SlotID // the oldest first
}

func newRecent() *recent { return &recent{proofs: map[ledger.SlotID]proof{}} }

// get is the proof of a slot, or the zero one.
func (r *recent) get(slot ledger.SlotID) proof {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proofs[slot]
}

// set remembers a proof, and forgets the oldest slot where there are too many.
func (r *recent) set(slot ledger.SlotID, p proof) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.proofs[slot]; !known {
		if len(r.slots) >= recentMost {
			delete(r.proofs, r.slots[0])
			r.slots = r.slots[1:]
		}
		r.slots = append(r.slots, slot)
	}
	r.proofs[slot] = p
}
