package servertest

import (
	"context"

	"barkeep/market"
	"barkeep/server/api"
	"barkeep/server/view"
)

// Hand changes nothing, and says so.
type Hand struct {
	Held []view.HeldBack
	Err  error // of every change
}

// HeldBack are those of Held.
func (h *Hand) HeldBack(context.Context) ([]view.HeldBack, error) { return h.Held, nil }

// Accept changes nothing.
func (h *Hand) Accept(_ context.Context, i market.Instrument, _ api.AcceptRequest) (view.Change, error) {
	return h.change(i)
}

// AddAction changes nothing.
func (h *Hand) AddAction(_ context.Context, i market.Instrument, _ api.ActionRequest) (view.Change, error) {
	return h.change(i)
}

// TakeBack changes nothing.
func (h *Hand) TakeBack(_ context.Context, i market.Instrument, _, _ string) (view.Change, error) {
	return h.change(i)
}

// WouldHeal fills nothing.
func (h *Hand) WouldHeal(_ context.Context, r api.HealRequest) (view.Healing, error) {
	return view.Healing{From: r.From, DryRun: true, Series: []view.Healed{}}, h.Err
}

func (h *Hand) change(i market.Instrument) (view.Change, error) {
	return view.Change{
		Instrument: i.Name, Done: []string{"nothing"}, Restated: []view.Restated{}, Rebuilt: []string{}, Renamed: []string{},
		Held: []view.HeldSeries{},
	}, h.Err
}
