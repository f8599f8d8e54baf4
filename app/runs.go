package app

import (
	"context"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/server/api"
	syncer "barkeep/sync"
)

// runRequest carries out what was asked for over HTTP.
func (a *App) runRequest(ctx context.Context, r api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
	if r.Slot.Date == "" {
		report, err := a.RunAdHoc(ctx, "api", a.Request(syncer.Request{
			Instruments: r.Instruments, Timeframes: r.Timeframes, Backfill: r.Backfill, Deep: r.Deep, Maintenance: r.Maintenance,
		}), listen)
		return api.StartedRun{Run: report.Run, New: true}, err
	}
	result, err := a.Gate.RunSlot(ctx, r.Slot, gate.SlotRequest{
		Entry: "api", Force: r.Force, NoWait: true, Listen: a.listener(listen),
	})
	return api.StartedRun{Run: result.Run, New: result.Outcome == gate.Ran}, err
}
