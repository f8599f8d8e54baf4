// Package scheduler sees to it that every slot is run exactly once, whoever asks.
//
// Gate is the one way in: it claims the slot's marker in Redis and its run in the ledger, keeps both alive while the work
// goes on, and calls a slot done only after the ledger has committed that. Scheduler asks the gate at each slot's time,
// catches up after downtime, tries failed runs again with growing pauses, and audits that no slot was forgotten. Teller
// tells people, beside the work.
//
// The ledger is the truth, the marker a hint that makes the common answer cheap. Whatever the marker says or whether there
// is a Redis at all, two unique indexes of the ledger decide who runs.
package scheduler
