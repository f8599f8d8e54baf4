package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// acceptListing records the newest listing that was held back.
func (x *execution) acceptListing(
	ctx context.Context, tx Tx, instrument market.Instrument, a Acceptance, held []store.Held, scale bool, done *Change,
) error {
	newest := slices.MaxFunc(held, func(a, b store.Held) int { return a.Last.Compare(b.Last) })
	first := slices.MinFunc(held, func(a, b store.Held) int { return a.First.Compare(b.First) }).First
	before, _, err := tx.Accepted(ctx, instrument.Name)
	if err != nil {
		return err
	}
	if today := instrument.Calendar.TradingDate(x.Now()); today.Before(a.From) {
		return Refusal{"from", a.From.String(), "a date that has come, " + today.String() + " at the latest"}
	}
	if a.From == (calendar.Date{}) {
		a.From = begins(instrument.Calendar, before.Listing, newest.Listing, first)
	}
	// Its prices are compared again, with what is of the same listing.
	if err := tx.LetGo(ctx, market.Series{Instrument: instrument.Name}, ""); err != nil {
		return err
	}
	if a.OldAs.Name != "" {
		if err := x.rename(ctx, tx, instrument, a.OldAs, done); err != nil {
			return err
		}
	}
	done.Listing = store.Accepted{Listing: newest.Listing, From: a.From}
	if err := tx.Accept(ctx, instrument.Name, done.Listing, x.Now()); err != nil {
		return err
	}
	done.says = fmt.Sprintf("%s: the new listing was accepted (%s); bars from %s on are taken as its own", instrument.Name,
		listed(newest.Listing), a.From)
	if a.OldAs.Name == "" {
		done.Left = append(done.Left,
			"what is stored from before stays in the same series; --old-as NAME would have given it a name of its own")
	}
	if scale {
		done.Left = append(done.Left,
			"its prices were held back too: the next import compares them again, with bars of this listing alone")
	}
	return nil
}

// begins is the date from which on bars are those of a new listing, where nobody says so: that of its first trade; where that
// did not move on but the money did, or nothing is known of it, the date on which it was seen first.
func begins(c *calendar.Calendar, before, now market.Listing, seen time.Time) calendar.Date {
	_, unit := market.UnitFactor(before.Currency, now.Currency)
	money := before.Currency != "" && now.Currency != "" && !unit
	moved := now.FirstTrade.After(before.FirstTrade.Add(24 * time.Hour))
	if now.FirstTrade.IsZero() || money && !before.FirstTrade.IsZero() && !moved {
		return c.TradingDate(seen)
	}
	return market.Action{Time: now.FirstTrade}.Date(c)
}

// listed is a listing for people.
func listed(l market.Listing) string {
	text := l.Type
	if l.Currency != "" {
		text += " in " + l.Currency
	}
	if !l.FirstTrade.IsZero() {
		text += ", first trade " + l.FirstTrade.Format(time.DateOnly)
	}
	if l.ShortName != "" {
		text += ", " + l.ShortName
	}
	return text
}

// rename gives the series so far their new name.
func (x *execution) rename(ctx context.Context, tx Tx, instrument, old market.Instrument, done *Change) error {
	name := old.Name
	for _, timeframe := range market.Timeframes() {
		state, found, err := tx.State(ctx, market.Series{Instrument: instrument.Name, Timeframe: timeframe})
		if err != nil {
			return err
		}
		if found {
			done.Renamed = append(done.Renamed, state)
		}
	}
	renamed, err := tx.Rename(ctx, instrument.Name, name)
	switch {
	case err != nil:
		return err
	case !renamed:
		return Refusal{"old_as", name, "a name of which nothing is stored yet"}
	}
	if err := expire(ctx, tx, name); err != nil {
		return err
	}
	done.RenamedTo = name
	done.Left = append(done.Left, fmt.Sprintf("%s begins anew with the next import; INSTRUMENTS need not name %s, whose bars stay",
		instrument.Name, name))
	if old.Calendar.Version() == instrument.Calendar.Version() {
		return nil
	}
	for _, base := range x.bases() { // under that name less is known of the exchange's hours
		task := Task{Instrument: old, Base: base}
		if state, _, err := tx.State(ctx, task.Series()); err != nil || state.Count == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := x.rebuild(ctx, tx, task); err != nil {
			return err
		}
		if err := tx.SetCalendar(ctx, task.Series(), old.Calendar.Version()); err != nil {
			return err
		}
	}
	return nil
}

// expire notes of what was held back of an instrument that nothing else will come of it: its bars end before.
func expire(ctx context.Context, tx Tx, instrument string) error {
	all, err := tx.CoverageOf(ctx, instrument)
	if err != nil {
		return fmt.Errorf("cover %s: %w", instrument, err)
	}
	for _, v := range all {
		gaps, err := tx.GapsOf(ctx, v.Series, whole())
		if err != nil {
			return fmt.Errorf("cover %s: %w", v.Series, err)
		}
		var gone, added []market.Gap
		for _, g := range gaps {
			if g.Reason == market.GapHeld {
				gone = append(gone, g)
				g.Reason, g.Next = market.GapExpired, time.Time{}
				added = append(added, g)
			}
		}
		if err := tx.Cover(ctx, v, gone, added); err != nil {
			return fmt.Errorf("cover %s: %w", v.Series, err)
		}
	}
	return nil
}
