package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server/view"
)

// heldBound is how long a run waits at its end for what is held back to be read.
const heldBound = 5 * time.Second

// tellHeld has people told of the answers that are held back, once for each instrument and cause while that lasts, whichever process
// saw it; and lets them be told again of what is not held back any more. It is right after any run, also after one that died.
func (a *App) tellHeld(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heldBound)
	defer cancel()
	told, err := a.Archive.ToldOf(ctx, ledger.NoticeHeld)
	if err != nil {
		return err
	}
	all, err := a.Archive.HeldBack(ctx)
	if err != nil {
		return err
	}
	groups := query.GroupHeld(all)
	var wrong []error
	for _, name := range told {
		if !slices.ContainsFunc(groups, func(h query.HeldBack) bool { return h.Name() == name }) {
			wrong = append(wrong, a.notices.Forget(ctx, name, ledger.NoticeHeld))
		}
	}
	for _, h := range groups {
		if !slices.Contains(told, h.Name()) {
			a.notices.Queue(ledger.Notice{
				Kind: ledger.NoticeHeld, Name: h.Name(), Since: h.First, Text: a.secrets.Text(h.Text()),
			})
		}
	}
	return errors.Join(wrong...)
}

// heldBack shows clients which answers wait for a person.
func (a *App) heldBack(ctx context.Context) ([]view.HeldBack, error) {
	all, err := a.Archive.HeldBack(ctx)
	if err != nil {
		return nil, err
	}
	return ViewHeld(query.GroupHeld(all), view.Renderer{Pacific: a.pacific}), nil
}
