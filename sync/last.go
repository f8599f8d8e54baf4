package syncer

import (
	"context"
	"errors"
	"fmt"

	"barkeep/store"
)

// errLast tells that an answer is stored after those of the other instruments.
var errLast = errors.New("it tells of a split, and is stored after the other instruments")

// yield tells by errLast that a split calls for a restatement of what is stored of the instrument, which may be millions of bars:
// the other instruments of the run do not wait for that.
func (s *scaling) yield(ctx context.Context) error {
	splits := s.toldSplits()
	if s.lastly || len(splits) == 0 {
		return nil
	}
	held, err := hold(ctx, s.tx, s.task.Instrument.Name)
	if err != nil {
		return err
	}
	for _, base := range s.bases() {
		for _, split := range splits {
			if held[base].Count > 0 && held[base].Oldest.Before(split.Cutoff(s.task.Instrument.Calendar)) {
				return fmt.Errorf("the answer for %s waits: %w", s.task.Series(), errLast)
			}
		}
	}
	return nil
}

// follow tells whether an answer is for an instrument of which another one waits for the other instruments: then it does, too, so
// that the answers of an instrument are stored in the order in which they came.
func (x *execution) follow(w work) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.yielding[w.task.Instrument.Name] {
		return false
	}
	x.wait(w)
	return true
}

// wait keeps a task for after; its lease is given back meanwhile.
func (x *execution) wait(w work) {
	w.cancel = func() {}
	x.last = append(x.last, w)
}

// postpone tells whether a task is stored later in the run: since its answer tells of a split, or was held back because of its
// scale, which another answer may explain.
func (x *execution) postpone(w work, err error) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if errors.Is(err, errLast) {
		x.yielding[w.task.Instrument.Name] = true
		x.wait(w)
		return true
	}
	if held, ok := heldBack(err); !ok || held.Cause != store.HeldScale || x.ending {
		return false
	}
	x.held = append(x.held, w)
	return true
}

// after stores what waited for the other instruments.
func (x *execution) after(ctx context.Context) {
	last := x.last
	x.last, x.yielding, x.lastly = nil, nil, true
	for _, w := range last {
		x.settle(ctx, w)
	}
}
