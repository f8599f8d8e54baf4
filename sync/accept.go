package syncer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

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

// Accept goes on after a look at what was held back of an instrument: the new listing first, by which the next answers are judged and
// stored from a date on; without one the new scale, by which everything stored so far is multiplied. The error wraps ErrNothingHeld
// when no answer waits, and is a Refusal when what was asked for does not fit.
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

// oldName is the name that the series of an instrument are to get, with the calendar by which they are kept then: what the listing
// tells goes with them. The error is a Refusal where days would begin at another time.
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
			"old_as", old.Name, fmt.Sprintf("a name of the same exchange, such as %s: the bars are kept by the clock of %s, those of %s by that of %s",
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
		done.Left = append(done.Left, "what is stored from before stays in the same series; --old-as NAME would have given it a name of its own")
	}
	if scale {
		done.Left = append(done.Left, "its prices were held back too: the next import compares them again, with bars of this listing alone")
	}
	return nil
}

// begins is the date from which on bars are those of a new listing, where nobody says so: that of its first trade; where that did not
// move on but the money did, or nothing is known of it, the date on which it was seen first.
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

// acceptScale multiplies what is stored by the ratio that the answers showed.
func (x *execution) acceptScale(ctx context.Context, tx Tx, instrument market.Instrument, held []store.Held, done *Change) error {
	common, same := commonFactor(held)
	done.says = instrument.Name + ": the new scale was accepted"
	var restated []store.Restatement
	for _, base := range x.bases() {
		series := market.Series{Instrument: instrument.Name, Timeframe: base}
		state, _, err := tx.State(ctx, series)
		if err != nil {
			return err
		}
		factor, before := common, state.Newest.Add(time.Second)
		if i := slices.IndexFunc(held, func(h store.Held) bool { return h.Series == series }); i >= 0 {
			factor = round(held[i].Factor)
			if before, err = x.scaleBefore(ctx, tx, held[i], state); err != nil {
				return err
			}
		} else if !same && state.Count > 0 {
			done.Left = append(done.Left, series.String()+" stays as it is: nothing of it was held back, and the others show different ratios")
			continue
		}
		if state.Count == 0 || factor.One() {
			continue
		}
		r, err := x.restateBase(ctx, tx, Task{Instrument: instrument, Base: base}, before, change{
			reason: "accepted by a person", factor: factor,
		})
		if err != nil {
			return err
		}
		restated = append(restated, r)
	}
	if len(restated) == 0 {
		return Refusal{"scale", held[0].Says, "a scale that is a ratio: here is nothing to multiply by; a split that was told wrongly is taken " +
			"back with barkeep actions remove, one that was not told is added with barkeep actions add"}
	}
	if err := tx.LetGo(ctx, market.Series{Instrument: instrument.Name}, store.HeldScale); err != nil {
		return err
	}
	done.Left = append(done.Left, "a split that comes to be told of later would be taken for another one: barkeep actions add is for splits")
	return x.finish(ctx, tx, instrument, restated, done)
}

// settledBars are how many of the newest bars of a series an answer may leave out of a verdict: they change yet.
const settledBars = 5

// scaleBefore finds where the bars end that are on the old scale: at the step that was seen between two bars, else behind the last bar
// on which the ratio was seen; that is the end of the series where only its newest bars come after.
func (x *execution) scaleBefore(ctx context.Context, tx Tx, h store.Held, state market.SeriesState) (time.Time, error) {
	end := state.Newest.Add(time.Second)
	switch {
	case h.To.IsZero():
		return end, nil
	case h.Seen == 0:
		return h.To, nil
	}
	after, err := tx.Candles(ctx, h.Series, market.Window{From: h.To.Add(time.Second), To: end})
	if err != nil {
		return end, err
	}
	if after.Len() <= settledBars {
		return end, nil
	}
	return h.To.Add(time.Second), nil
}

// commonFactor is the factor that all held-back answers show, if they show the same one.
func commonFactor(held []store.Held) (common market.Factor, same bool) {
	common, same = round(held[0].Factor), true
	for _, h := range held[1:] {
		f := round(h.Factor)
		same = same && near(f.Price, common.Price) && near(f.Volume, common.Volume)
	}
	return common, same
}

// value is a ratio as a number.
func value(r market.Ratio) float64 {
	if alone(r) {
		return 1
	}
	return r.Num / r.Den
}

// likeness is how far two ratios may be apart that are taken for the same: less than what a judge of answers takes for a change of scale.
const likeness = 2e-4

func near(a, b market.Ratio) bool { return math.Abs(value(a)/value(b)-1) < likeness }

// round is the factor by the small numbers that its ratios come near to: what was measured on bars is not exact, and 0.24999 is 1/4.
func round(f market.Factor) market.Factor {
	price, volume := smallNumbers(f.Price), smallNumbers(f.Volume)
	if inverse := (market.Ratio{Num: price.Den, Den: price.Num}); !alone(price) && math.Abs(value(volume)/value(inverse)-1) < alikeVolumes {
		volume = inverse // as a split has it: volumes are whole numbers, and tell less exactly
	}
	return market.Factor{Price: price, Volume: volume}
}

func smallNumbers(r market.Ratio) market.Ratio {
	x := value(r)
	if x == 1 || !(x > 0) || math.IsInf(x, 1) {
		return market.Ratio{}
	}
	for few := 1.0; few <= 10; few++ {
		for _, try := range []market.Ratio{{Num: math.Round(x * few), Den: few}, {Num: few, Den: math.Round(few / x)}} {
			if try.Num > 0 && try.Den > 0 && !alone(try) && near(try, r) {
				return try
			}
		}
	}
	return r
}
