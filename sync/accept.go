package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// ErrNothingHeld tells that no answer for an instrument waits for a person.
var ErrNothingHeld = errors.New("nothing is held back")

// Acceptance is how a person goes on with answers that were held back.
type Acceptance struct {
	From  calendar.Date     // from which on bars are taken as those of the new listing; zero for what the answer tells
	OldAs market.Instrument // the name that the series so far get; the zero Instrument to go on in the same series
	Scale bool              // go on with another scale, though another listing waits too
}

// Accept goes on after a look at what was held back of an instrument: the new listing first, by which the next answers are
// judged and stored from a date on; without one the new scale, by which everything stored so far is multiplied. The error wraps
// ErrNothingHeld when no answer waits, and is a Refusal when what was asked for does not fit.
func (e *Engine) Accept(ctx context.Context, instrument market.Instrument, a Acceptance) (Change, error) {
	instrument, err := e.settledCalendar(ctx, instrument)
	if err != nil {
		return Change{}, fmt.Errorf("accept %s: %w", instrument.Name, err)
	}
	names := []string{instrument.Name}
	if a.OldAs.Name != "" {
		if a.OldAs, err = e.oldName(ctx, instrument, a.OldAs); err != nil {
			return Change{}, err
		}
		names = append(names, a.OldAs.Name)
	}
	done := Change{Instrument: instrument.Name}
	err = e.inOne(ctx, names, func(tx Tx) error {
		held, err := tx.Held(ctx, instrument.Name)
		if err != nil {
			return err
		}
		return e.byHand().accept(ctx, tx, instrument, a, held, &done)
	})
	if err != nil {
		return Change{}, fmt.Errorf("accept %s: %w", instrument.Name, err)
	}
	return done, nil
}

// oldName is the name that the series of an instrument are to get, with the calendar by which they are kept then: what the
// listing tells goes with them. The error is a Refusal where days would begin at another time.
func (e *Engine) oldName(ctx context.Context, instrument, old market.Instrument) (market.Instrument, error) {
	listings, err := e.Archive.Listings(ctx)
	if err != nil {
		return old, err
	}
	for _, l := range listings {
		if l.Instrument == instrument.Name {
			old = old.Listed(l.First)
		}
	}
	switch {
	case old.Name == instrument.Name:
		return old, Refusal{"old_as", old.Name, "another name than the instrument has"}
	case old.Calendar.Zone.String() != instrument.Calendar.Zone.String():
		return old, Refusal{
			"old_as", old.Name, fmt.Sprintf(
				"a name of the same exchange, such as %s: the bars are kept by the clock of %s, those of %s by that of %s",
				former(instrument.Name), instrument.Calendar.Zone, old.Name, old.Calendar.Zone),
		}
	}
	return old, nil
}

// former is a name for what had a name before, of the same exchange: FB-OLD, OCDO-OLD.L.
func former(name string) string {
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return name[:dot] + "-OLD" + name[dot:]
	}
	return name + "-OLD"
}

// accept does the listing first: it decides what the prices are of.
func (x *execution) accept(
	ctx context.Context, tx Tx, instrument market.Instrument, a Acceptance, held []store.Held, done *Change,
) error {
	of := func(cause store.HeldCause) []store.Held {
		return slices.DeleteFunc(slices.Clone(held), func(h store.Held) bool { return h.Cause != cause })
	}
	listings, scales := of(store.HeldListing), of(store.HeldScale)
	plain := a.From == (calendar.Date{}) && a.OldAs.Name == ""
	switch {
	case len(held) == 0 || a.Scale && len(scales) == 0:
		return ErrNothingHeld
	case !a.Scale && len(listings) > 0:
		return x.acceptListing(ctx, tx, instrument, a, listings, len(scales) > 0, done)
	case !plain:
		return Refusal{"from, old_as", a.From.String() + " " + a.OldAs.Name, "neither of them: the scale of " + instrument.Name +
			" is held back, not another listing"}
	default:
		return x.acceptScale(ctx, tx, instrument, scales, done)
	}
}
