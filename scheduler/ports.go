package scheduler

import (
	"context"
	"time"

	"barkeep/ledger"
)

// Run sees to it that a slot is run, by this process or another, and returns how its run ended: gate.Gate.RunSlot with Join.
// Entry is for the ledger. An error means that it cannot tell.
type Run func(ctx context.Context, slot ledger.Slot, entry string) (ledger.Run, error)

// Notices tells people. notify.Dispatcher is one.
type Notices interface {
	// Deliver tells a notice now, unless it was told before. Told is false while another process is at it.
	Deliver(ctx context.Context, notice ledger.Notice) (told bool, err error)
	// Record writes down what people were told while the ledger could not be written.
	Record(ctx context.Context)
}

// Trigger wakes the scheduler at a slot's time.
type Trigger interface {
	// Arm makes fired ready once, at the instant or as soon after it as it can; a time that has passed fires at once. Disarm
	// takes it back; it may be called after the firing. An error means that nothing will fire: the scheduler then wakes by
	// its own clock, within Config.CheckEvery.
	Arm(at time.Time) (fired <-chan struct{}, disarm func(), err error)
}
