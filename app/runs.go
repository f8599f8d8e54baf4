package app

import (
	"context"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/server/api"
)

// runRequest carries out what was asked for over HTTP.
func (a *App) runRequest(ctx context.Context, r api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
	if r.Heal != nil {
		started, err := a.heals(ctx, *r.Heal, listen)
		return started, refusedOf(err)
	}
	if r.Slot.At.IsZero() {
		started, err := a.runsAdHoc(ctx, r, listen)
		return started, refusedOf(err)
	}
	result, err := a.Gate.RunSlot(ctx, r.Slot, gate.SlotRequest{
		Entry: "api", Force: r.Force, NoWait: true, Listen: a.listener(listen),
	})
	return api.StartedRun{Run: result.Run, New: result.Outcome == gate.Ran}, refusedOf(err)
}
