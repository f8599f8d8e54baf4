// Package gate is the one way to run anything: a slot (Gate.RunSlot) or a run ad hoc (Gate.RunAdHoc), whoever asks for it.
//
// Both claim a run in the ledger, keep its lease alive while the work goes on, judge and record how it ended, and tell all
// listeners what happens. A slot has a marker in Redis as well, which makes the common answer cheap: whatever it says, and
// whether there is a Redis at all, the ledger decides who runs.
package gate
