package syncer

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// identify compares what the answer says the instrument is with what it is taken to be. Another type or currency, or another
// first trade, is another instrument under the same symbol; a currency in another unit is a matter of scale.
func (s *scaling) identify() error {
	says := differences(s.accepted, s.batch.listing)
	if says == "" {
		return nil
	}
	name := s.task.Instrument.Name
	return heldError{store.Held{
		Series: s.task.Series(), Cause: store.HeldListing, Listing: s.batch.listing,
		Says: fmt.Sprintf("the provider says that %s is something else now: %s; see barkeep accept %s", name, says, name),
	}}
}

// differences says how a listing names another instrument than the accepted one; empty when it does not. What one of them leaves
// out says nothing.
func differences(accepted, says market.Listing) string {
	var parts []string
	if accepted.Type != "" && says.Type != "" && says.Type != accepted.Type {
		parts = append(parts, fmt.Sprintf("type %s, was %s", says.Type, accepted.Type))
	}
	if accepted.Currency != "" && says.Currency != "" && says.Currency != accepted.Currency {
		if _, unit := market.UnitFactor(says.Currency, accepted.Currency); !unit {
			parts = append(parts, fmt.Sprintf("currency %s, was %s", says.Currency, accepted.Currency))
		}
	}
	const day = 24 * time.Hour
	if then, now := accepted.FirstTrade, says.FirstTrade; !then.IsZero() && !now.IsZero() && now.Sub(then).Abs() >= day {
		parts = append(parts, fmt.Sprintf("first trade %s, was %s", now.Format(time.DateOnly), then.Format(time.DateOnly)))
	}
	return strings.Join(parts, ", ")
}

// settleUnit settles in which unit the series of the instrument are kept, where the answer names another one than so far. An
// interval that goes over to the new unit takes the whole instrument along; one that stays with its own unit is late, and is
// brought to that of the archive. It returns the listing that the answer leaves.
func (s *scaling) settleUnit(ctx context.Context) (market.Listing, error) {
	listing, kept := s.batch.listing, s.accepted.Currency
	says := listing.Currency
	factor, other := market.UnitFactor(kept, says)
	switch {
	case says == "" || !other || factor.One():
		return listing, s.quoted(ctx, says)
	case !s.unitIsReal(factor.Inverse()):
		listing.Currency = kept
		s.note = join(s.note, fmt.Sprintf("the provider says %s, and its prices are in %s as before", says, kept))
		return listing, nil
	case s.unit == says || s.state.Count == 0:
		listing.Currency = kept
		return listing, s.quoted(ctx, says)
	}
	done, err := s.restate(ctx, s.tx, s.task.Instrument, change{
		reason: fmt.Sprintf("change of unit from %s to %s", kept, says), factor: factor, from: s.from,
		before: func(context.Context, Tx, market.Series) (time.Time, bool, error) { return lastStart(), true, nil },
	})
	s.tell(ctx, done, err)
	if err != nil {
		return listing, err
	}
	s.accepted.Currency = says
	if err := s.quoted(ctx, says); err != nil {
		return listing, err
	}
	return listing, s.judge(ctx)
}

// quoted notes in which unit the provider quotes the series.
func (s *scaling) quoted(ctx context.Context, unit string) error {
	if unit == "" || unit == s.unit {
		return nil
	}
	s.unit = unit
	return s.tx.SetUnit(ctx, s.task.Series(), unit)
}

// unitIsReal tells whether the rows of the answer are in the unit that it names, as they were found to be: what brings them to
// the archive's unit is its factor.
func (s *scaling) unitIsReal(factor market.Factor) bool {
	found := 1.0
	for _, step := range s.verdict.Answer {
		if step.Split == (market.Action{}) {
			found *= step.Factor.Price.Value()
		}
	}
	return math.Abs(found/factor.Price.Value()-1) < 1e-9
}
