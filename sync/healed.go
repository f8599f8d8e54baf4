package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// conclude writes the evidence of a series whose gaps were gone through, or of which that broke off. A series with gaps for which
// the other side has bars is not done: they were left, and somebody has to look.
func (h *healing) conclude(ctx context.Context, broke error) {
	state, reason := h.state(broke), h.says(broke)
	if len(h.done.cells) == 0 {
		h.task.Derived = nil
		h.done.cells = h.cellsOf(h.task, state, reason, 0)
	}
	for i := range h.done.cells {
		h.done.cells[i].Reason = reason
	}
	h.done.cells[0].State = state // the base's; what derives from it is as the base is
	h.record(ctx, h.done.cells)
	h.announce(ctx, h.task, h.done.cells)
	h.cache(ctx, work{task: h.task, cells: h.done.cells})
}

// state is how the series fared.
func (h *healing) state(broke error) ledger.CellState {
	left := len(h.healed.Left) > 0 || h.healed.Unfit > 0
	switch filled := h.healed.Filled > 0; {
	case filled && (broke != nil || left):
		return ledger.CellThin
	case broke != nil:
		return ledger.CellFailed
	case left:
		return ledger.CellHeld
	case filled:
		return ledger.CellStored
	default:
		return ledger.CellClosed
	}
}

// says tells people what became of the gaps.
func (h *healing) says(broke error) string {
	text := fmt.Sprintf("%s: %d absent bars in %d gaps, %d filled", h.HealRequest.Origin, h.healed.Bars, h.healed.Gaps,
		h.healed.Filled)
	if n := h.healed.Unexpected; n > 0 {
		text += fmt.Sprintf(" (%d of them where none is expected)", n)
	}
	if n := h.healed.Already; n > 0 {
		text += fmt.Sprintf(", %d stored already", n)
	}
	if n := h.healed.None; n > 0 {
		text += fmt.Sprintf(", %d are not there either", n)
	}
	if n := h.healed.Unfit; n > 0 {
		text += fmt.Sprintf(", %d cannot be true and were left out", n)
	}
	if n := len(h.healed.Left); n > 0 {
		first := h.healed.Left[0]
		text += fmt.Sprintf("; %d gaps were left, the first from %s to %s (%d bars): %s", n, first.Gap.First.UTC().Format(time.RFC3339),
			first.Gap.Last.UTC().Format(time.RFC3339), first.Bars, first.Why)
	}
	if broke != nil {
		text += "; then it broke off: " + broke.Error()
	}
	return text
}
