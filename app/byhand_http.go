package app

import (
	"context"
	"errors"
	"net/http"

	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// hand does for clients what a person does.
type hand struct{ *App }

// HeldBack implements api.Hand.
func (h hand) HeldBack(ctx context.Context) ([]view.HeldBack, error) { return h.heldBack(ctx) }

// Accept implements api.Hand.
func (h hand) Accept(ctx context.Context, instrument market.Instrument, r api.AcceptRequest) (view.Change, error) {
	how := syncer.Acceptance{Scale: r.Scale}
	var badDate, badName error
	if r.From != "" {
		how.From, badDate = syncer.ReadDate("from", r.From)
	}
	if r.OldAs != "" {
		if how.OldAs, badName = yahoo.Resolve(r.OldAs); badName != nil {
			badName = syncer.Refusal{Field: "old_as", Value: r.OldAs, Accepted: "a name of which nothing is stored, such as " + instrument.Name + "-OLD"}
		}
	}
	if wrong := errors.Join(badDate, badName); wrong != nil {
		return view.Change{}, problemOf("body", wrong)
	}
	change, err := h.App.Accept(ctx, instrument, how)
	return h.answer("body", change, err)
}

// AddAction implements api.Hand.
func (h hand) AddAction(ctx context.Context, instrument market.Instrument, r api.ActionRequest) (view.Change, error) {
	kind, badKind := syncer.ReadKind(r.Kind)
	date, badDate := syncer.ReadDate("date", r.Date)
	var badValue error
	var action market.Action
	if badKind == nil {
		action, badValue = syncer.ReadValue(kind, r.Value, r.Currency)
	}
	if wrong := errors.Join(badKind, badDate, badValue); wrong != nil {
		return view.Change{}, problemOf("body", wrong)
	}
	change, err := h.App.AddAction(ctx, instrument, date, action, r.Note)
	return h.answer("body", change, err)
}

// TakeBack implements api.Hand.
func (h hand) TakeBack(ctx context.Context, instrument market.Instrument, kind, date string) (view.Change, error) {
	which, badKind := syncer.ReadKind(kind)
	day, badDate := syncer.ReadDate("date", date)
	if wrong := errors.Join(badKind, badDate); wrong != nil {
		return view.Change{}, problemOf("path", wrong)
	}
	change, err := h.App.TakeBack(ctx, instrument, which, day)
	return h.answer("path", change, err)
}

func (h hand) answer(where string, change syncer.Change, err error) (view.Change, error) {
	if err != nil {
		return view.Change{}, problemOf(where, err)
	}
	return ViewChange(change, view.Renderer{Pacific: h.pacific}), nil
}

// problemOf is what a client sees of an error: which of its inputs was refused, or that nothing waits.
func problemOf(where string, err error) error {
	if errors.Is(err, syncer.ErrNothingHeld) {
		return server.NewProblem(http.StatusConflict, "nothing-held", "no answer for this instrument is held back; /api/v1/held-back lists those that are")
	}
	var invalid []server.Invalid
	for _, refusal := range refusals(err) {
		invalid = append(invalid, server.Invalid{
			In: where, Parameter: refusal.Field, Value: server.Clipped(refusal.Value), Accepted: refusal.Accepted,
		})
	}
	if len(invalid) > 0 {
		return server.BadInput(invalid)
	}
	return err
}

// refusals are those in an error that may join several.
func refusals(err error) (all []syncer.Refusal) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, one := range joined.Unwrap() {
			all = append(all, refusals(one)...)
		}
		return all
	}
	var one syncer.Refusal
	if errors.As(err, &one) {
		all = append(all, one)
	}
	return all
}
